// The domain XML whose command line is recorded from libvirt and compared with ours.

export interface ArgvCase {
  readonly name: string
  readonly xml: string
}

interface Parts {
  readonly type?: string
  readonly name?: string
  readonly cpu?: string
  readonly machine?: string
  readonly arch?: string
  readonly emulator?: string
  readonly lifecycle?: string
  readonly devices?: string
  readonly commandline?: string
  readonly features?: string
}

function domain(parts: Parts): string {
  const { type = 'qemu', name = 'guest', machine = 'pc', arch = 'x86_64', cpu } = parts
  const { emulator = '/usr/bin/qemu-system-x86_64' } = parts
  const namespace = parts.commandline === undefined ? '' : ` xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'`
  return [
    `<domain type='${type}'${namespace}>`,
    `  <name>${name}</name>`,
    `  <memory unit='MiB'>64</memory>`,
    '  <vcpu>1</vcpu>',
    `  <os><type arch='${arch}' machine='${machine}'>hvm</type></os>`,
    ...(parts.features === undefined ? [] : [`  ${parts.features}`]),
    ...(cpu === undefined ? [] : [`  ${cpu}`]),
    ...(parts.lifecycle === undefined ? [] : [`  ${parts.lifecycle}`]),
    '  <devices>',
    `    <emulator>${emulator}</emulator>`,
    ...(parts.devices === undefined ? [] : [`    ${parts.devices}`]),
    '  </devices>',
    ...(parts.commandline === undefined ? [] : [`  <qemu:commandline>${parts.commandline}</qemu:commandline>`]),
    '</domain>',
    '',
  ].join('\n')
}

const withoutEmulator = (xml: string): string => xml.replace(/ *<emulator>.*\n/, '')
const device = (name: string, devices: string): ArgvCase => ({ name, xml: domain({ devices }) })
const lifecycle = (name: string, elements: string): ArgvCase => ({ name, xml: domain({ lifecycle: elements }) })
const isa = (attributes: string): string => `<panic model='isa'><address type='isa'${attributes}/></panic>`
const iobase = (value: string): ArgvCase => device(`isa at iobase '${value}'`, isa(` iobase='${value}'`))
const onCrash = (value: string): ArgvCase => lifecycle(`on_crash '${value}'`, `<on_crash>${value}</on_crash>`)

/** A machine without a PCI bus refuses the controller and the balloon that libvirt adds by itself. */
const NO_PCI = `<controller type='usb' model='none'/><memballoon model='none'/>`

const IOBASES = [
  '0x505',
  '0x506',
  '0x0',
  '0x70',
  '0x3f8',
  '0xffff',
  '0x10000',
  '0xffffffff',
  '1285',
  '505',
  '0505',
  '0X505',
]
const BAD_IOBASES = [' 0x505', '0x505 ', '+505', '-1', '', '0x', 'zz', '0x100000000', '0x+5', '5.5', '0b11']
const MODELS = ['default', 'pvpanic', 'pseries', 's390', 'bogus', 'ISA', '', ' isa']
const ADDRESS_TYPES = [
  'pci',
  'drive',
  'virtio-serial',
  'ccid',
  'usb',
  'spapr-vio',
  'virtio-s390',
  'ccw',
  'virtio-mmio',
  'dimm',
  'unassigned',
  'none',
  'foo',
  '',
]
const CRASH_ACTIONS = [
  'destroy',
  'restart',
  'preserve',
  'coredump-destroy',
  'coredump-restart',
  'rename-restart',
  'ignore',
  'log',
  'DESTROY',
  ' destroy ',
  '',
]

const commandline = (name: string, args: readonly string[], devices?: string): ArgvCase => ({
  name,
  xml: domain({
    commandline: args.map((value) => `<qemu:arg value='${value}'/>`).join(''),
    ...(devices === undefined ? {} : { devices }),
  }),
})

const pci = (attributes: string): string => `<panic model='pvpanic'><address type='pci'${attributes}/></panic>`

/** The PCI device, since libvirt 9.1. */
const PVPANIC_PCI: readonly ArgvCase[] = [
  device('pvpanic with a pci address without attributes', pci('')),
  device('pvpanic at slot 7', pci(` slot='0x07'`)),
  device('pvpanic at slot 7, whole address', pci(` domain='0x0000' bus='0x00' slot='0x07' function='0x0'`)),
  device('pvpanic at slot 7, decimal', pci(` slot='7'`)),
  device('pvpanic at slot 8, octal', pci(` slot='010'`)),
  device('pvpanic at slot 09, which is no octal number', pci(` slot='09'`)),
  device('pvpanic at slot 7, function 1', pci(` slot='0x07' function='0x1'`)),
  device('pvpanic at slot 32', pci(` slot='0x20'`)),
  device('pvpanic at function 8', pci(` slot='0x07' function='0x8'`)),
  device('pvpanic at a slot that is no number', pci(` slot='zz'`)),
  device('pvpanic on bus 1', pci(` bus='0x01' slot='0x07'`)),
  device('pvpanic in domain 1', pci(` domain='0x0001' slot='0x07'`)),
  device('pvpanic on bus 256', pci(` bus='0x100' slot='0x07'`)),
  device('pvpanic in domain 65536', pci(` domain='0x10000' slot='0x07'`)),
  device('pvpanic at bus and slot that are no numbers', pci(` bus='yy' slot='zz'`)),
  device('pvpanic at slot -1', pci(` slot='-1'`)),
  device('isa with a PCI address that is none', `<panic model='isa'><address type='pci' slot='0x20'/></panic>`),
  device('pvpanic at slot 2, where the balloon would be', pci(` slot='0x02'`)),
  device('pvpanic at slot 1, function 3', pci(` slot='0x01' function='0x3'`)),
  device('pvpanic at slot 0', pci(` slot='0x00'`)),
  device('pvpanic at slot 1, which is taken', pci(` slot='0x01'`)),
  device('pvpanic with an isa address', `<panic model='pvpanic'><address type='isa' iobase='0x505'/></panic>`),
  device('pvpanic with a usb address', `<panic model='pvpanic'><address type='usb' bus='0'/></panic>`),
  device('isa and pvpanic', `<panic model='isa'/><panic model='pvpanic'/>`),
  device('pvpanic and isa', `<panic model='pvpanic'/><panic model='isa'/>`),
  device('hyperv and pvpanic', `<panic model='hyperv'/><panic model='pvpanic'/>`),
  device('all three models', `<panic model='isa'/><panic model='hyperv'/><panic model='pvpanic'/>`),
  device('two of pvpanic', `<panic model='pvpanic'/><panic model='pvpanic'/>`),
  device('pvpanic without a balloon', `<memballoon model='none'/><panic model='pvpanic'/>`),
  device('pvpanic without a USB controller', `<controller type='usb' model='none'/><panic model='pvpanic'/>`),
  device('pvpanic alone', `${NO_PCI}<panic model='pvpanic'/>`),
  { name: 'machine q35 with pvpanic', xml: domain({ machine: 'q35', devices: `<panic model='pvpanic'/>` }) },
  {
    name: 'machine q35 with pvpanic alone',
    xml: domain({ machine: 'q35', devices: `${NO_PCI}<panic model='pvpanic'/>` }),
  },
  { name: 'machine q35 with pvpanic at slot 7', xml: domain({ machine: 'q35', devices: pci(` slot='0x07'`) }) },
  {
    name: 'machine isapc with pvpanic',
    xml: domain({ machine: 'isapc', devices: `${NO_PCI}<panic model='pvpanic'/>` }),
  },
  {
    name: 'machine microvm with pvpanic',
    xml: domain({ machine: 'microvm', devices: `${NO_PCI}<panic model='pvpanic'/>` }),
  },
  {
    name: 'architecture i686 with pvpanic',
    xml: domain({ arch: 'i686', emulator: '/usr/bin/qemu-system-i386', devices: `<panic model='pvpanic'/>` }),
  },
]

const BAD_MODEL = `<panic model='bogus'/>`
const BAD_ACTION = '<on_crash>bogus</on_crash>'
const DRIVER_ACTION = '<on_crash>rename-restart</on_crash>'
const BAD_NAME = { name: 'a/b' }

const BAD_ADDRESS = `<panic><address type='pci'/></panic>`
const REBOOT_DUMPS = '<on_reboot>coredump-destroy</on_reboot>'
const pair = (name: string, parts: Parts): ArgvCase => ({ name: `two faults: ${name}`, xml: domain(parts) })

const MACHINE_AND_ANOTHER: readonly ArgvCase[] = [
  pair('machine and name', { machine: 'pc-i440fx-99', name: 'a/b' }),
  pair('machine and virt type', { machine: 'pc-i440fx-99', type: 'xen' }),
  pair('machine and architecture', { machine: 'pc-i440fx-99', arch: 'aarch64' }),
  pair('machine and panic address', { machine: 'pc-i440fx-99', devices: BAD_ADDRESS }),
  pair('machine and panic model', { machine: 'pc-i440fx-99', devices: `<panic model='pseries'/>` }),
  pair('machine and reboot that dumps', { machine: 'pc-i440fx-99', lifecycle: REBOOT_DUMPS }),
  pair('virt type and architecture', { type: 'xen', arch: 'aarch64' }),
  pair('virt type and name', { type: 'xen', name: 'a/b' }),
  pair('virt type and driver action', { type: 'xen', lifecycle: DRIVER_ACTION }),
  pair('virt type and panic address', { type: 'xen', devices: BAD_ADDRESS }),
  pair('no PCI and name', { machine: 'isapc', name: 'a/b' }),
  pair('no PCI and driver action', { machine: 'isapc', lifecycle: DRIVER_ACTION }),
  pair('no PCI and virt type', { machine: 'isapc', type: 'xen' }),
  pair('no PCI and panic address', { machine: 'isapc', devices: BAD_ADDRESS }),
  pair('no PCI and two of isa', { machine: 'isapc', devices: '<panic/><panic/>' }),
  pair('name and panic address', { name: 'a/b', devices: BAD_ADDRESS }),
  pair('name and panic model', { name: 'a/b', devices: `<panic model='pseries'/>` }),
  pair('name and PCI slot', { name: 'a/b', devices: pci(` slot='0x01'`) }),
  pair('driver action and PCI slot', { lifecycle: DRIVER_ACTION, devices: pci(` slot='0x01'`) }),
  pair('driver action and panic address', { lifecycle: DRIVER_ACTION, devices: BAD_ADDRESS }),
  pair('machine and PCI slot', { machine: 'pc-i440fx-99', devices: pci(` slot='0x01'`) }),
  { name: 'two faults: virt type that is none, no os', xml: domain({ type: 'toy' }).replace(/<os>.*<\/os>/, '') },
  {
    name: 'two faults: no virt type, no name',
    xml: domain({}).replace(` type='qemu'`, '').replace('<name>guest</name>', ''),
  },
  {
    name: 'two faults: no virt type, no os',
    xml: domain({})
      .replace(` type='qemu'`, '')
      .replace(/<os>.*<\/os>/, ''),
  },
]

/** Two faults each: which one is told of is libvirt's order. */
const REFUSED_TWICE: readonly ArgvCase[] = [
  { name: 'bad model, bad address', xml: domain({ devices: `<panic model='bogus'><address type='foo'/></panic>` }) },
  { name: 'bad model, address without type', xml: domain({ devices: `<panic model='bogus'><address/></panic>` }) },
  {
    name: 'bad model, bad iobase',
    xml: domain({ devices: `<panic model='bogus'><address type='isa' iobase='z'/></panic>` }),
  },
  { name: 'bad action, bad name', xml: domain({ ...BAD_NAME, lifecycle: BAD_ACTION }) },
  { name: 'bad model, bad name', xml: domain({ ...BAD_NAME, devices: BAD_MODEL }) },
  { name: "driver's action, bad name", xml: domain({ ...BAD_NAME, lifecycle: DRIVER_ACTION }) },
  { name: 'two of isa, bad name', xml: domain({ ...BAD_NAME, devices: '<panic/><panic/>' }) },
  {
    name: 'dump on reboot, bad name',
    xml: domain({ ...BAD_NAME, lifecycle: '<on_reboot>coredump-destroy</on_reboot>' }),
  },
  { name: 'unknown machine, bad name', xml: domain({ ...BAD_NAME, machine: 'pc-i440fx-99' }) },
  { name: 'no name, bad action', xml: domain({ lifecycle: BAD_ACTION }).replace('<name>guest</name>', '') },
  { name: 'no name, bad type', xml: domain({ type: 'toy' }).replace('<name>guest</name>', '') },
  {
    name: 'no name, no os',
    xml: domain({})
      .replace('<name>guest</name>', '')
      .replace(/<os>.*<\/os>/, ''),
  },
  { name: 'no os, bad action', xml: domain({ lifecycle: BAD_ACTION }).replace(/<os>.*<\/os>/, '') },
  { name: 'bad type, bad action', xml: domain({ type: 'toy', lifecycle: BAD_ACTION }) },
  { name: 'type xen, bad action', xml: domain({ type: 'xen', lifecycle: BAD_ACTION }) },
  { name: 'type xen, bad model', xml: domain({ type: 'xen', devices: BAD_MODEL }) },
  { name: 'type xen, unknown machine', xml: domain({ type: 'xen', machine: 'pc-i440fx-99' }) },
  { name: 'type xen, other architecture', xml: domain({ type: 'xen', arch: 'aarch64' }) },
  { name: 'unknown machine, bad action', xml: domain({ machine: 'pc-i440fx-99', lifecycle: BAD_ACTION }) },
  { name: "unknown machine, driver's action", xml: domain({ machine: 'pc-i440fx-99', lifecycle: DRIVER_ACTION }) },
  {
    name: 'unknown machine, bad address',
    xml: domain({ machine: 'pc-i440fx-99', devices: `<panic><address type='foo'/></panic>` }),
  },
  { name: 'unknown machine, bad model', xml: domain({ machine: 'pc-i440fx-99', devices: BAD_MODEL }) },
  { name: 'unknown machine, two of isa', xml: domain({ machine: 'pc-i440fx-99', devices: '<panic/><panic/>' }) },
  {
    name: 'unknown machine, on_lockfailure',
    xml: domain({ machine: 'pc-i440fx-99', lifecycle: '<on_lockfailure>x</on_lockfailure>' }),
  },
  {
    name: 'bad on_lockfailure, bad on_crash',
    xml: domain({ lifecycle: `<on_lockfailure>x</on_lockfailure>${BAD_ACTION}` }),
  },
  {
    name: 'bad on_lockfailure, bad model',
    xml: domain({ lifecycle: '<on_lockfailure>x</on_lockfailure>', devices: BAD_MODEL }),
  },
  {
    name: 'bad on_lockfailure, bad name',
    xml: domain({ ...BAD_NAME, lifecycle: '<on_lockfailure>x</on_lockfailure>' }),
  },
  {
    name: 'bad model, passthrough without a value',
    xml: domain({ devices: BAD_MODEL, commandline: '<qemu:arg/>' }),
  },
  {
    name: "driver's action, passthrough without a value",
    xml: domain({ lifecycle: DRIVER_ACTION, commandline: '<qemu:arg/>' }),
  },
  { name: 'bad name, passthrough without a value', xml: domain({ ...BAD_NAME, commandline: '<qemu:arg/>' }) },
  { name: 'two of isa, pseries', xml: domain({ devices: `<panic/><panic/><panic model='pseries'/>` }) },
  {
    name: 'pseries, then isa with a pci address',
    xml: domain({ devices: `<panic model='pseries'/><panic><address type='pci'/></panic>` }),
  },
  {
    name: 'isa with a pci address, then pseries',
    xml: domain({ devices: `<panic><address type='pci'/></panic><panic model='pseries'/>` }),
  },
  {
    name: 'dump on reboot, isa with a pci address',
    xml: domain({
      lifecycle: '<on_reboot>coredump-destroy</on_reboot>',
      devices: `<panic><address type='pci'/></panic>`,
    }),
  },
]

export const ARGV_CASES: readonly ArgvCase[] = [
  { name: 'no panic element', xml: domain({}) },
  device('panic without a model', '<panic/>'),
  device('panic with model isa', `<panic model='isa'/>`),
  device('isa address without iobase', isa('')),
  device('isa address with iobase and irq', isa(` iobase='0x505' irq='0x5'`)),
  device('isa address with a bad irq', isa(` iobase='0x505' irq='zz'`)),
  device('isa address with bad iobase and bad irq', isa(` iobase='yy' irq='zz'`)),
  ...IOBASES.map(iobase),
  ...BAD_IOBASES.map(iobase),
  ...MODELS.map((model) => device(`panic with model '${model}'`, `<panic model='${model}'/>`)),
  ...ADDRESS_TYPES.map((type) =>
    device(`address type '${type}'`, `<panic model='isa'><address type='${type}'/></panic>`),
  ),
  device('address without a type', `<panic model='isa'><address iobase='0x505'/></panic>`),
  device('two addresses', `<panic><address type='isa' iobase='0x505'/><address type='isa' iobase='0x506'/></panic>`),
  device('a panic with an alias', `<panic model='isa'><alias name='ua-panic'/></panic>`),
  device('a panic with an unknown child and attribute', `<panic model='isa' colour='red'><port/></panic>`),
  device('hyperv', `<panic model='hyperv'/>`),
  device('hyperv with an address', `<panic model='hyperv'><address type='isa' iobase='0x505'/></panic>`),
  device('s390 with an address', `<panic model='s390'><address type='isa' iobase='0x505'/></panic>`),
  device('pseries with an address', `<panic model='pseries'><address type='isa' iobase='0x505'/></panic>`),
  device('isa and hyperv', `<panic model='isa'/><panic model='hyperv'/>`),
  device('hyperv and isa', `<panic model='hyperv'/><panic/>`),
  device('two of isa', `<panic model='isa'/><panic model='isa'/>`),
  device('isa and no model', `<panic model='isa'/><panic/>`),
  device('two of hyperv', `<panic model='hyperv'/><panic model='hyperv'/>`),
  device('two of isa, the second with a bad model', `<panic model='isa'/><panic model='isa'/><panic model='bogus'/>`),
  device('pseries and two of isa', `<panic model='isa'/><panic model='pseries'/><panic model='isa'/>`),
  device('panic-notifier', '<panic-notifier/>'),
  device('panic-notifier and panic', `<panic-notifier/><panic model='isa'/>`),
  { name: 'panic outside of devices', xml: domain({ lifecycle: '<panic/>' }) },
  { name: 'panic in a second devices element', xml: domain({ lifecycle: '<devices><panic/></devices>' }) },
  { name: 'machine pc-1.5', xml: domain({ machine: 'pc-1.5', devices: '<panic/>' }) },
  { name: 'machine pc-i440fx-1.5', xml: domain({ machine: 'pc-i440fx-1.5', devices: '<panic/>' }) },
  { name: 'machine pc-i440fx-2.0', xml: domain({ machine: 'pc-i440fx-2.0', devices: '<panic/>' }) },
  { name: 'machine pc-q35-2.4', xml: domain({ machine: 'pc-q35-2.4', devices: '<panic/>' }) },
  { name: 'machine pc-1.5 without a device', xml: domain({ machine: 'pc-1.5' }) },
  { name: 'machine q35', xml: domain({ machine: 'q35', devices: '<panic/>' }) },
  { name: 'machine isapc', xml: domain({ machine: 'isapc', devices: `${NO_PCI}<panic/>` }) },
  { name: 'machine microvm', xml: domain({ machine: 'microvm', devices: `${NO_PCI}<panic/>` }) },
  {
    name: 'architecture i686',
    xml: domain({ arch: 'i686', emulator: '/usr/bin/qemu-system-i386', devices: '<panic/>' }),
  },
  { name: 'machine pc-i440fx-99', xml: domain({ machine: 'pc-i440fx-99', devices: '<panic/>' }) },
  { name: 'machine virt', xml: domain({ machine: 'virt', devices: `${NO_PCI}<panic/>` }) },
  {
    name: 'machine pc-i440fx-99 without an emulator',
    xml: withoutEmulator(domain({ machine: 'pc-i440fx-99', devices: '<panic/>' })),
  },
  { name: 'machine pc without an emulator', xml: withoutEmulator(domain({ devices: '<panic/>' })) },
  {
    name: 'machine pc-i440fx-99, architecture i686',
    xml: domain({ machine: 'pc-i440fx-99', arch: 'i686', emulator: '/usr/bin/qemu-system-i386' }),
  },
  {
    name: 'architecture aarch64 with the emulator of x86_64',
    xml: domain({ arch: 'aarch64', machine: 'virt', devices: '<panic/>' }),
  },
  {
    name: 'hyperv and hyperv features',
    xml: domain({
      features: `<features><acpi/><hyperv><relaxed state='on'/></hyperv></features>`,
      devices: `<panic model='hyperv'/>`,
    }),
  },
  ...CRASH_ACTIONS.map(onCrash),
  lifecycle('on_crash empty element', '<on_crash/>'),
  lifecycle('on_crash twice', '<on_crash>preserve</on_crash><on_crash>bogus</on_crash>'),
  lifecycle('on_crash with a comment inside', '<on_crash>pre<!-- a comment -->serve</on_crash>'),
  lifecycle('on_crash with an element inside', '<on_crash>pre<b>serve</b></on_crash>'),
  lifecycle('on_crash in CDATA', '<on_crash><![CDATA[preserve]]></on_crash>'),
  lifecycle('on_crash with a character reference', '<on_crash>pre&#115;erve</on_crash>'),
  ...['destroy', 'restart', 'preserve', 'rename-restart', 'coredump-destroy', 'ignore'].flatMap((value) => [
    lifecycle(`on_reboot '${value}'`, `<on_reboot>${value}</on_reboot>`),
    lifecycle(`on_poweroff '${value}'`, `<on_poweroff>${value}</on_poweroff>`),
  ]),
  lifecycle(
    'everything destroys',
    '<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>',
  ),
  lifecycle('restart that on_reboot defeats', '<on_reboot>destroy</on_reboot><on_crash>restart</on_crash>'),
  lifecycle('poweroff restarts, reboot destroys', '<on_poweroff>restart</on_poweroff><on_reboot>destroy</on_reboot>'),
  lifecycle('bad words everywhere', '<on_crash>c</on_crash><on_reboot>r</on_reboot><on_poweroff>p</on_poweroff>'),
  lifecycle('rename-restart everywhere', '<on_crash>rename-restart</on_crash><on_reboot>rename-restart</on_reboot>'),
  {
    name: 'bad on_crash and bad model',
    xml: domain({ lifecycle: '<on_crash>x</on_crash>', devices: `<panic model='y'/>` }),
  },
  {
    name: 'refused on_crash and refused model',
    xml: domain({ lifecycle: '<on_crash>rename-restart</on_crash>', devices: `<panic model='pseries'/>` }),
  },
  {
    name: 'refused on_crash and two of isa',
    xml: domain({ lifecycle: '<on_crash>rename-restart</on_crash>', devices: '<panic/><panic/>' }),
  },
  {
    name: 'on_reboot that cannot dump and refused model',
    xml: domain({ lifecycle: '<on_reboot>coredump-destroy</on_reboot>', devices: `<panic model='pseries'/>` }),
  },
  {
    name: 'bad model and unknown machine',
    xml: domain({ machine: 'pc-1.5', devices: `<panic model='bogus'/>` }),
  },
  {
    name: 'refused model and unknown machine',
    xml: domain({ machine: 'pc-1.5', devices: `<panic model='pseries'/>` }),
  },
  commandline('global pvpanic.iobase=0', ['-global', 'pvpanic.iobase=0'], '<panic/>'),
  commandline('global pvpanic.ioport=0', ['-global', 'pvpanic.ioport=0'], '<panic/>'),
  commandline('device by passthrough', ['-device', 'pvpanic,ioport=0x506']),
  commandline('action by passthrough', ['-action', 'panic=none'], `<panic model='isa'/>`),
  {
    name: 'a passthrough argument without a value',
    xml: domain({ commandline: '<qemu:arg/>' }),
  },
  {
    name: 'a passthrough environment variable',
    xml: domain({ commandline: `<qemu:env name='A' value='b'/><qemu:arg value='-snapshot'/>` }),
  },
  {
    name: 'commandline without its namespace',
    xml: domain({ devices: '<panic/>' }).replace(
      '</domain>',
      `<commandline><arg value='-snapshot'/></commandline></domain>`,
    ),
  },
  {
    name: 'commandline under another prefix',
    xml: domain({ devices: '<panic/>' })
      .replace(`<domain type='qemu'>`, `<domain type='qemu' xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>`)
      .replace('</domain>', `<q:commandline><q:arg value='-snapshot'/></q:commandline></domain>`),
  },
  { name: 'an unknown emulator type', xml: domain({}).replace(`type='qemu'`, `type='toy'`) },
  { name: 'no type', xml: domain({}).replace(` type='qemu'`, '') },
  { name: 'another root element', xml: '<network><name>x</name></network>\n' },
  { name: 'no name', xml: domain({}).replace('<name>guest</name>', '') },
  { name: 'an empty name', xml: domain({}).replace('<name>guest</name>', '<name/>') },
  { name: 'a name with a slash', xml: domain({}).replace('<name>guest</name>', '<name>a/b</name>') },
  { name: 'no os', xml: domain({}).replace(/<os>.*<\/os>/, '') },
  { name: 'no machine', xml: domain({ devices: '<panic/>' }).replace(` machine='pc'`, '') },
  ...PVPANIC_PCI,
  ...REFUSED_TWICE,
  ...MACHINE_AND_ANOTHER,
  ...['kvm', 'hvf', 'xen', 'lxc', 'bhyve', 'kqemu', 'uml', 'test', 'vmware', 'vz', 'openvz', 'nvmm', ''].map(
    (type): ArgvCase => ({ name: `virt type '${type}'`, xml: domain({ type, devices: '<panic/>' }) }),
  ),
  ...['', 'aarch64', 'ppc64', 'foo', 'i386', 'i686'].map(
    (arch): ArgvCase => ({ name: `architecture '${arch}' with the emulator of x86_64`, xml: domain({ arch }) }),
  ),
  ...['', 'pc-0.12', 'pc-1.2', 'pc-i440fx-2.3', 'pc-i440fx-2.4', 'pc-q35-7.2', 'pc-i440fx-9.2', 'none', 'PC'].map(
    (machine): ArgvCase => ({ name: `machine '${machine}'`, xml: domain({ machine, devices: '<panic/>' }) }),
  ),
  { name: 'machine isapc with hyperv', xml: domain({ machine: 'isapc', devices: `${NO_PCI}<panic model='hyperv'/>` }) },
  { name: 'machine q35 with hyperv', xml: domain({ machine: 'q35', devices: `<panic model='hyperv'/>` }) },
  {
    name: 'machine isapc without a balloon',
    xml: domain({ machine: 'isapc', devices: `<memballoon model='none'/><panic/>` }),
  },
  {
    name: 'machine isapc without a USB controller',
    xml: domain({ machine: 'isapc', devices: `<controller type='usb' model='none'/><panic/>` }),
  },
  {
    name: 'machine microvm without a balloon',
    xml: domain({ machine: 'microvm', devices: `<memballoon model='none'/><panic/>` }),
  },
  {
    name: 'machine microvm without a USB controller',
    xml: domain({ machine: 'microvm', devices: `<controller type='usb' model='none'/><panic/>` }),
  },
  { name: 'machine pc-99 without what needs PCI', xml: domain({ machine: 'pc-99', devices: NO_PCI }) },
  { name: 'machine pc-99', xml: domain({ machine: 'pc-99' }) },
  { name: 'machine isapc with what needs PCI', xml: domain({ machine: 'isapc', devices: '<panic/>' }) },
  ...['maximum'].map(
    (mode): ArgvCase => ({
      name: `hyperv and CPU mode ${mode}`,
      xml: domain({ cpu: `<cpu mode='${mode}'/>`, devices: `<panic model='hyperv'/>` }),
    }),
  ),
  {
    name: 'hyperv and a CPU model',
    xml: domain({ cpu: '<cpu><model>Nehalem</model></cpu>', devices: `<panic model='hyperv'/>` }),
  },
  ...['xen', 'linux', 'exe', 'uml'].map(
    (type): ArgvCase => ({ name: `os type ${type}`, xml: domain({}).replace('>hvm<', `>${type}<`) }),
  ),
  ...['poweroff', 'restart', 'pause', 'ignore', 'destroy', 'bogus', ''].map((value) =>
    lifecycle(`on_lockfailure '${value}'`, `<on_lockfailure>${value}</on_lockfailure>`),
  ),
  { name: 'machine q35 without a panic device', xml: domain({ machine: 'q35' }) },
  { name: 'an end tag that does not match', xml: domain({}).replace('</vcpu>', '</cpu>') },
  { name: 'an attribute without quotes', xml: domain({ devices: '<panic model=isa/>' }) },
  { name: 'an entity that is not declared', xml: domain({ lifecycle: '<on_crash>&boom;</on_crash>' }) },
  {
    name: 'an internal entity',
    xml: `<!DOCTYPE domain [<!ENTITY a "preserve">]>\n${domain({ lifecycle: '<on_crash>&a;</on_crash>' })}`,
  },
  { name: 'an empty document', xml: '' },
  { name: 'a document cut short', xml: domain({}).slice(0, 120) },
]

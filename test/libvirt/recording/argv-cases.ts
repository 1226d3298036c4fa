// The domain XML whose command line is recorded from libvirt and compared with ours.

export interface ArgvCase {
  readonly name: string
  readonly xml: string
}

interface Parts {
  readonly machine?: string
  readonly arch?: string
  readonly emulator?: string
  readonly lifecycle?: string
  readonly devices?: string
  readonly commandline?: string
  readonly features?: string
}

function domain(parts: Parts): string {
  const { machine = 'pc', arch = 'x86_64', emulator = '/usr/bin/qemu-system-x86_64' } = parts
  const namespace = parts.commandline === undefined ? '' : ` xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'`
  return [
    `<domain type='qemu'${namespace}>`,
    '  <name>guest</name>',
    `  <memory unit='MiB'>64</memory>`,
    '  <vcpu>1</vcpu>',
    `  <os><type arch='${arch}' machine='${machine}'>hvm</type></os>`,
    ...(parts.features === undefined ? [] : [`  ${parts.features}`]),
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

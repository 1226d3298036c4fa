// The panics that are recorded from a real libvirtd and replayed on our Domain.

export interface LifecycleCase {
  readonly name: string
  /** Elements before `<devices>`. */
  readonly lifecycle: string
  /** Elements within `<devices>`. */
  readonly devices: string
  /** Arguments handed through to QEMU. */
  readonly passthrough?: readonly string[]
  /** What the guest writes, once, the first time it boots. */
  readonly guest: { readonly port: number; readonly value: number }
  readonly transient?: boolean
  /** Commands given while the domain still waits to be started, each with DOMAIN for its name. */
  readonly before?: readonly string[]
  /** Commands given once the panic has been dealt with, each with DOMAIN for its name. */
  readonly after?: readonly string[]
  /** The directory for core dumps cannot be written. */
  readonly dumpFails?: boolean
}

const PANIC = { port: 0x505, value: 1 }
const ISA = `<panic model='isa'/>`

const onCrash = (action: string): string => `<on_crash>${action}</on_crash>`
const crash = (action: string, rest: Partial<LifecycleCase> = {}): LifecycleCase => ({
  name: `on_crash=${action}`,
  lifecycle: onCrash(action),
  devices: ISA,
  guest: PANIC,
  ...rest,
})
const preserved = (...after: string[]): LifecycleCase =>
  crash('preserve', { name: `preserved, then ${after.join(', then ')}`, after })
const ignored = (name: string, devices: string, port: number): LifecycleCase =>
  crash('preserve', { name, devices, guest: { port, value: 1 } })

export const LIFECYCLE_CASES: readonly LifecycleCase[] = [
  crash('destroy', { name: 'no on_crash', lifecycle: '' }),
  crash('destroy'),
  crash('restart'),
  crash('preserve'),
  crash('coredump-destroy'),
  crash('coredump-restart'),
  crash('destroy', { name: 'on_crash=destroy, transient', transient: true }),
  crash('restart', { name: 'on_crash=restart, transient', transient: true }),
  crash('preserve', { name: 'on_crash=preserve, transient', transient: true }),
  crash('coredump-destroy', { name: 'on_crash=coredump-destroy, transient', transient: true }),
  crash('coredump-destroy', { name: 'on_crash=coredump-destroy, the dump fails', dumpFails: true }),
  crash('coredump-restart', { name: 'on_crash=coredump-restart, the dump fails', dumpFails: true }),
  crash('restart', {
    name: 'on_crash=restart, on_reboot=destroy',
    lifecycle: `<on_reboot>destroy</on_reboot>${onCrash('restart')}`,
  }),
  crash('coredump-restart', {
    name: 'on_crash=coredump-restart, on_reboot=destroy',
    lifecycle: `<on_reboot>destroy</on_reboot>${onCrash('coredump-restart')}`,
  }),
  crash('destroy', {
    name: 'on_crash=destroy, on_poweroff=restart',
    lifecycle: `<on_poweroff>restart</on_poweroff>${onCrash('destroy')}`,
  }),
  crash('destroy', {
    name: 'set-lifecycle-action before the panic',
    before: ['set-lifecycle-action DOMAIN crash preserve --live'],
  }),
  crash('preserve', {
    name: 'set-lifecycle-action after the panic',
    after: ['set-lifecycle-action DOMAIN crash restart --live'],
  }),
  crash('preserve', {
    name: 'set-lifecycle-action with ignore',
    after: ['set-lifecycle-action DOMAIN crash ignore --live'],
  }),
  crash('destroy', { name: 'crash loaded, on_crash=destroy', guest: { port: 0x505, value: 2 } }),
  crash('restart', { name: 'crash loaded, on_crash=restart', guest: { port: 0x505, value: 2 } }),
  crash('preserve', { name: 'panicked and crash loaded in one byte', guest: { port: 0x505, value: 3 } }),
  crash('preserve', { name: 'an unknown bit', guest: { port: 0x505, value: 4 } }),
  ignored('no panic device', '', 0x505),
  ignored('iobase 0x506, the guest writes 0x505', `<panic><address type='isa' iobase='0x506'/></panic>`, 0x505),
  ignored('iobase 0x506, the guest writes 0x506', `<panic><address type='isa' iobase='0x506'/></panic>`, 0x506),
  ignored('isa address without iobase, the guest writes 0x505', `<panic><address type='isa'/></panic>`, 0x505),
  ignored('isa address without iobase, the guest writes 0', `<panic><address type='isa'/></panic>`, 0),
  ...['preserve', 'destroy', 'restart'].map((action) =>
    crash(action, { name: `-action panic=none, on_crash=${action}`, passthrough: ['-action', 'panic=none'] }),
  ),
  crash('preserve', {
    name: 'a global ioport=0, the guest writes 0x505',
    passthrough: ['-global', 'pvpanic.ioport=0'],
  }),
  crash('preserve', {
    name: 'a global ioport=0, but an address',
    devices: `<panic><address type='isa' iobase='0x505'/></panic>`,
    passthrough: ['-global', 'pvpanic.ioport=0'],
  }),
  crash('preserve', { name: 'a global iobase=0', passthrough: ['-global', 'pvpanic.iobase=0'] }),
  crash('preserve', {
    name: 'a global iobase=0 without a device',
    devices: '',
    passthrough: ['-global', 'pvpanic.iobase=0'],
  }),
  crash('preserve', { name: 'a second pvpanic', passthrough: ['-device', 'pvpanic,ioport=0x506'] }),
  ignored('iobase 0x10000', `<panic><address type='isa' iobase='0x10000'/></panic>`, 0x505),
  preserved('resume DOMAIN'),
  preserved('resume DOMAIN', 'suspend DOMAIN'),
  preserved('resume DOMAIN', 'resume DOMAIN'),
  preserved('resume DOMAIN', 'shutdown DOMAIN'),
  preserved('resume DOMAIN', 'reset DOMAIN'),
  preserved('resume DOMAIN', 'suspend DOMAIN', 'suspend DOMAIN'),
  preserved('resume DOMAIN', 'suspend DOMAIN', 'reset DOMAIN'),
  preserved('resume DOMAIN', 'suspend DOMAIN', 'shutdown DOMAIN'),
  preserved('reset DOMAIN'),
  preserved('reset DOMAIN', 'resume DOMAIN'),
  preserved('suspend DOMAIN'),
  preserved('suspend DOMAIN', 'resume DOMAIN'),
  preserved('reboot DOMAIN'),
  preserved('shutdown DOMAIN'),
  preserved('start DOMAIN'),
  preserved('destroy DOMAIN'),
  preserved('destroy DOMAIN', 'start DOMAIN'),
  preserved('reset DOMAIN', 'destroy DOMAIN'),
  crash('restart', { name: 'restarted, then suspend, then resume', after: ['suspend DOMAIN', 'resume DOMAIN'] }),
  crash('restart', { name: 'restarted, then reset', after: ['reset DOMAIN'] }),
  crash('restart', { name: 'restarted, then destroy', after: ['destroy DOMAIN', 'start DOMAIN'] }),
  crash('destroy', { name: 'destroyed, then commands', after: ['resume DOMAIN', 'reset DOMAIN', 'destroy DOMAIN'] }),
]

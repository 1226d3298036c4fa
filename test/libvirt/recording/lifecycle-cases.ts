// The ends of a guest's run that are recorded from a real libvirtd and replayed on our Domain.

/** One write of the guest to a port. */
export interface GuestWrite {
  readonly port: number
  readonly value: number
  /** 1 unless given. */
  readonly bytes?: 2
}

export interface LifecycleCase {
  readonly name: string
  /** Elements before `<devices>`. */
  readonly lifecycle: string
  /** Elements within `<devices>`. */
  readonly devices: string
  /** Arguments handed through to QEMU. */
  readonly passthrough?: readonly string[]
  /** What the guest writes, once, the first time it boots; then it waits. */
  readonly guest: readonly GuestWrite[]
  readonly transient?: boolean
  /** The domain is left as `start --paused` makes it: the guest is not let run before the commands of `after`. */
  readonly waits?: boolean
  /** Commands given while the domain still waits to be started, each with DOMAIN for its name. */
  readonly before?: readonly string[]
  /**
   * Commands given once what the guest did has been dealt with, each with DOMAIN for its name and FOLDER for a folder.
   * Two are no commands of virsh: `monitor DOMAIN x` executes the QMP command x behind libvirt's back, `kill DOMAIN`
   * kills QEMU.
   */
  readonly after?: readonly string[]
  /** The directory for core dumps cannot be written. */
  readonly dumpFails?: boolean
}

const PVPANIC = 0x505
const write = (value: number): GuestWrite => ({ port: PVPANIC, value })
const PANIC = [write(1)]
/** PIIX4's PM1a control register, where SeaBIOS puts it: sleep enable, with the sleep type of S5. */
const POWER_OFF: readonly GuestWrite[] = [{ port: 0x604, value: 0x2000, bytes: 2 }]
/** The keyboard controller pulses the processor's reset line. */
const RESET: readonly GuestWrite[] = [{ port: 0x64, value: 0xfe }]
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
  crash('preserve', { name, devices, guest: [{ port, value: 1 }] })

/** The guest does something else than to panic under `on_crash`. */
const end = (name: string, guest: readonly GuestWrite[], rest: Partial<LifecycleCase> = {}): LifecycleCase => ({
  name: `the guest ${name}`,
  lifecycle: '',
  devices: ISA,
  guest,
  ...rest,
})
const running = (...after: string[]): LifecycleCase =>
  end('does nothing', [], { name: `running, then ${after.join(', then ')}`, after })
const waiting = (...after: string[]): LifecycleCase =>
  end('does nothing', [], { name: `started paused, then ${after.join(', then ')}`, after, waits: true })

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
  crash('destroy', { name: 'crash loaded, on_crash=destroy', guest: [write(2)] }),
  crash('restart', { name: 'crash loaded, on_crash=restart', guest: [write(2)] }),
  crash('preserve', { name: 'panicked and crash loaded in one byte', guest: [write(3)] }),
  crash('preserve', { name: 'value 4', guest: [write(4)] }),
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
  end('powers off', POWER_OFF),
  end('powers off, transient', POWER_OFF, { transient: true }),
  end('powers off, on_poweroff=restart', POWER_OFF, { lifecycle: '<on_poweroff>restart</on_poweroff>' }),
  end('powers off, on_poweroff=restart set live', POWER_OFF, {
    before: ['set-lifecycle-action DOMAIN poweroff restart --live'],
  }),
  end('resets', RESET),
  end('resets, on_reboot=destroy', RESET, { lifecycle: '<on_reboot>destroy</on_reboot>' }),
  end('resets, on_reboot=destroy, transient', RESET, {
    lifecycle: '<on_reboot>destroy</on_reboot>',
    transient: true,
  }),
  end('resets, on_reboot=destroy set live', RESET, { before: ['set-lifecycle-action DOMAIN reboot destroy --live'] }),
  end('resets, on_reboot=restart set live', RESET, {
    lifecycle: '<on_reboot>destroy</on_reboot>',
    before: ['set-lifecycle-action DOMAIN reboot restart --live'],
  }),
  end('writes 4, on_crash=destroy', [write(4)], { lifecycle: onCrash('destroy') }),
  end('writes 4, on_poweroff=restart', [write(4)], { lifecycle: '<on_poweroff>restart</on_poweroff>' }),
  end('writes 6', [write(6)]),
  end('writes 7, on_crash=preserve', [write(7)], { lifecycle: onCrash('preserve') }),
  end('writes 7, on_crash=restart', [write(7)], { lifecycle: onCrash('restart') }),
  end('reports a loaded crash kernel, then a panic', [write(2), write(1)], { lifecycle: onCrash('preserve') }),
  end('panics again after it was resumed', [write(1), write(1)], {
    lifecycle: onCrash('preserve'),
    after: ['resume DOMAIN'],
  }),
  end('powers off after it was resumed from a panic', [write(1), ...POWER_OFF], {
    lifecycle: onCrash('preserve'),
    after: ['resume DOMAIN'],
  }),
  end('powers off after a loaded crash kernel', [write(2), ...POWER_OFF]),
  running('monitor DOMAIN stop'),
  running('monitor DOMAIN stop', 'monitor DOMAIN cont'),
  running('monitor DOMAIN stop', 'resume DOMAIN'),
  running('monitor DOMAIN stop', 'monitor DOMAIN system_reset'),
  running('monitor DOMAIN system_reset'),
  running('monitor DOMAIN system_powerdown'),
  running('monitor DOMAIN quit', 'start DOMAIN'),
  running('suspend DOMAIN', 'monitor DOMAIN cont'),
  running('suspend DOMAIN', 'monitor DOMAIN quit'),
  running('kill DOMAIN', 'start DOMAIN'),
  running('suspend DOMAIN', 'kill DOMAIN'),
  end('does nothing, transient; QEMU is killed', [], { transient: true, after: ['kill DOMAIN'] }),
  end('does nothing, transient; destroy', [], { transient: true, after: ['destroy DOMAIN'] }),
  running('suspend DOMAIN', 'resume DOMAIN'),
  running('suspend DOMAIN', 'destroy DOMAIN'),
  running('reset DOMAIN'),
  running('reboot DOMAIN'),
  running('shutdown DOMAIN'),
  running('shutdown DOMAIN', 'destroy DOMAIN'),
  running('destroy DOMAIN', 'start DOMAIN'),
  running('destroy DOMAIN --graceful'),
  running('start DOMAIN'),
  running('dump DOMAIN FOLDER/core --memory-only'),
  running('dump DOMAIN FOLDER/core --memory-only --live'),
  running('dump DOMAIN FOLDER/core --memory-only --crash'),
  running('dump DOMAIN FOLDER/core --memory-only --reset'),
  running('dump DOMAIN FOLDER/none/core --memory-only'),
  running('dump DOMAIN FOLDER/none/core --memory-only --crash'),
  running('suspend DOMAIN', 'dump DOMAIN FOLDER/core --memory-only'),
  running('suspend DOMAIN', 'dump DOMAIN FOLDER/core --memory-only --reset'),
  running('dump DOMAIN FOLDER/core --memory-only --crash --reset'),
  running('save DOMAIN FOLDER/image', 'restore FOLDER/image'),
  running('save DOMAIN FOLDER/image --paused', 'restore FOLDER/image', 'resume DOMAIN'),
  running('save DOMAIN FOLDER/image', 'restore FOLDER/image --paused'),
  running('suspend DOMAIN', 'save DOMAIN FOLDER/image', 'restore FOLDER/image'),
  running('suspend DOMAIN', 'save DOMAIN FOLDER/image', 'restore FOLDER/image --running'),
  running('save DOMAIN FOLDER/none/image'),
  running('managedsave DOMAIN', 'start DOMAIN'),
  running('managedsave DOMAIN', 'start DOMAIN --force-boot'),
  running('managedsave DOMAIN', 'managedsave-remove DOMAIN', 'start DOMAIN'),
  end('does nothing, transient; managedsave', [], { transient: true, after: ['managedsave DOMAIN'] }),
  end('does nothing, transient; save and restore', [], {
    transient: true,
    after: ['save DOMAIN FOLDER/image', 'restore FOLDER/image'],
  }),
  waiting('resume DOMAIN'),
  waiting('reset DOMAIN'),
  waiting('suspend DOMAIN'),
  waiting('shutdown DOMAIN'),
  waiting('kill DOMAIN'),
  waiting('destroy DOMAIN'),
  preserved('monitor DOMAIN cont'),
  preserved('monitor DOMAIN system_reset'),
  preserved('monitor DOMAIN system_reset', 'monitor DOMAIN cont'),
  preserved('monitor DOMAIN quit'),
  preserved('monitor DOMAIN stop'),
  preserved('kill DOMAIN'),
  preserved('dump DOMAIN FOLDER/core --memory-only'),
  preserved('dump DOMAIN FOLDER/core --memory-only --live'),
  preserved('dump DOMAIN FOLDER/core --memory-only --crash'),
  preserved('dump DOMAIN FOLDER/core --memory-only --reset'),
  preserved('dump DOMAIN FOLDER/core --memory-only --reset', 'resume DOMAIN'),
  preserved('dump DOMAIN FOLDER/none/core --memory-only --crash'),
  preserved('save DOMAIN FOLDER/image', 'restore FOLDER/image'),
  preserved('save DOMAIN FOLDER/image', 'restore FOLDER/image', 'resume DOMAIN'),
  preserved('save DOMAIN FOLDER/image', 'restore FOLDER/image --running'),
  preserved('managedsave DOMAIN', 'start DOMAIN'),
  preserved('reset DOMAIN', 'suspend DOMAIN'),
  preserved('reset DOMAIN', 'shutdown DOMAIN'),
  preserved('reset DOMAIN', 'monitor DOMAIN cont'),
  preserved('resume DOMAIN', 'kill DOMAIN'),
  preserved('suspend DOMAIN', 'suspend DOMAIN'),
]

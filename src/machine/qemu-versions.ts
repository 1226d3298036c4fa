// What each QEMU version did about pvpanic, as one table of facts, and a version's profile with a machine type.

import { OptionRangeError } from '../common/check.js'
import { isBefore, parseVersion } from '../common/version.js'
import { checkMachineType, MACHINE_TYPES_1_5, machineTypeSeries } from './machine-types.js'
import { FIRST_WITH_PVPANIC, isSince, NEWEST_QEMU, type QemuRelease, qemuRelease } from './qemu-releases.js'

/** What held from a version on, oldest first; the first row is what held at 1.5.0. */
type Ages<Value> = readonly (readonly [since: string, value: Value])[]

const ages = <const Value>(...rows: readonly (readonly [since: string, value: Value])[]): Ages<Value> => rows

/**
 * When each ability and habit came and went. "Run" means that the program was run and recorded, in test/recordings; the
 * programs are 1.5.0, 1.5.3, 1.6.0, 1.6.1, 1.7.0, 2.4.0, 2.8.0, 5.0.0, 5.2, 7.2, 10.0 and 11.1. Where the release of a
 * change is not known, it stands at the first of these that has it. A commit is QEMU's, read and not run.
 */
export const QEMU_HISTORY = {
  // The device

  /** The bits of a written byte that the device acts on. */
  knownEvents: ages(
    ['1.5.0', 1], // run
    ['5.0.0', 3], // commit 7dc58deea7: GUEST_CRASHLOADED; 5.0.0 run
    ['9.1.0', 7], // release notes of 9.1: GUEST_PVSHUTDOWN; 10.0 run
  ),
  /** The device has the property `events`; without it a read shows 1. */
  hasEventsProperty: ages(['1.5.0', false], ['5.2.0', true]), // 5.0.0 and 5.2 run
  /** More than one pvpanic device is accepted. */
  severalPvpanics: ages(
    ['1.5.0', true], // run with three beside the builtin one
    ['2.4.0', false], // commit 0eb973f915: a second fw_cfg file of that name is fatal; 2.4.0 run
  ),
  /** There is pvpanic-pci. */
  hasPvpanicPci: ages(['1.5.0', false], ['6.0.0', true]), // commit 9df52f58e7; 5.2 and 7.2 run
  /** What help calls the type of a PCI function's `addr`. */
  pciAddressType: ages(['1.5.0', 'int32'], ['10.0.0', 'str']), // 7.2 and 10.0 run
  /** isa-debug-exit asks for a shutdown with its exit code, which stays; before, it ends the program at once. */
  debugExitShutsDown: ages(['1.5.0', false], ['9.1.0', true]), // 7.2 and 10.0 run

  // Run states and events

  /** `cont` is refused once the guest panicked. */
  panicIsFinal: ages(['1.5.0', true], ['1.7.0', false]), // commit df39076850; 1.6.1 and 1.7.0 run
  /** What the program does about a panic unless told otherwise. */
  panicByDefault: ages(
    ['1.5.0', 'preserve'], // run up to 2.4.0
    ['2.8.0', 'destroy'], // commit 864111f422; 2.8.0 run
  ),
  /** A panic that ends the machine is reported as {pause}, then as {poweroff}. */
  panicIsToldTwice: ages(['1.5.0', false], ['2.8.0', true], ['6.0.0', false]), // 2.8.0, 5.0.0, 5.2 and 7.2 run
  /** The command line has `-action`, QMP has `set-action`. */
  actions: ages(['1.5.0', false], ['6.0.0', true]), // release notes of 6.0; 5.2 and 7.2 run
  /** The run state that a reset leads to from one that is not running: prelaunch, or paused from one that required it. */
  resetWhileStopped: ages(
    ['1.5.0', 'paused if required'], // run up to 2.4.0
    ['2.6.0', 'prelaunch'], // commit 7ec13c798a; 2.8.0 run
  ),
  /** The data of RESET and SHUTDOWN: none, `guest`, or `guest` and `reason`. */
  shutdownData: ages(
    ['1.5.0', 'none'], // run up to 2.8.0
    ['2.10.0', 'guest'], // read in QEMU's schema
    ['4.0.0', 'guest and reason'], // read in QEMU's schema; 5.0.0 run
  ),

  // The bus, for accesses of 16 and 32 bits that come over qtest and HMP

  /** How such an access is given to the regions it touches: all to the first, split by alignment, or refused unaligned. */
  wideAccess: ages(
    ['1.5.0', 'whole'], // run on 1.5.0 and 1.5.3
    ['1.6.0', 'split'], // run up to 10.0
    ['11.1.0', 'aligned'], // 11.1 run
  ),
  /** What the second byte of a 16-bit read at the last register of a group of DMA page registers shows. */
  pastPageRegisters: ages(['1.5.0', 0x00], ['2.4.0', 0xff]), // 1.7.0 and 2.4.0 run
  /** What bytes beyond port 0xffff show. */
  pastLastPort: ages(['1.5.0', 0xff], ['1.6.1', 0x00]), // 1.6.0 and 1.6.1 run; 1.5 wraps to port 0

  // QMP, HMP and the object tree

  /** The reply to system_reset, system_powerdown and quit comes after the event; before, it came first. */
  replyAfterEvent: ages(['1.5.0', false], ['7.2.0', true]), // 5.2 and 7.2 run
  /** The greeting offers out-of-band execution. */
  qmpOob: ages(['1.5.0', false], ['5.0.0', true]), // 2.8.0 and 5.0.0 run
  /** The words for a command before or after negotiation: unknown command, "with ... before", "Expecting ...". */
  negotiationWords: ages(['1.5.0', 'unknown'], ['2.4.0', 'named'], ['5.0.0', 'expecting']), // run
  /** The words for a request that is wrong itself: "QMP input object member 'x' ..." with "Expected 'object'" or "Invalid JSON". */
  requestWords: ages(['1.5.0', 'object expected'], ['2.8.0', 'invalid JSON'], ['5.0.0', 'member']), // run
  /** Commands that came after 1.5, of those that a machine answers; set-action is in the row actions. */
  laterCommands: ages(
    ['1.5.0', []], // run up to 2.8.0
    ['5.0.0', ['query-cpus-fast', 'migrate-pause', 'x-exit-preconfig']], // run
  ),
  /** The state of migration that migrate-pause asks for. */
  migratePauseNeeds: ages(
    ['1.5.0', 'postcopy-active'], // 7.2 run
    ['10.0.0', 'postcopy-active or postcopy-recover'], // run
  ),
  /** system_wakeup outside 'suspended' is refused. */
  wakeupIsRefused: ages(['1.5.0', false], ['4.0.0', true]), // read in QEMU's source; 2.8.0 and 5.0.0 run
  /** The words for an unknown argument: "Invalid parameter", "QMP input object member", "Parameter". */
  unknownArgumentWords: ages(['1.5.0', 'invalid'], ['2.8.0', 'member'], ['5.0.0', 'parameter']), // run
  /** query-status has the member `singlestep`. */
  statusHasSinglestep: ages(['1.5.0', true], ['9.0.0', false]), // release notes of 9.0; 7.2 and 10.0 run
  /** HMP begins a refusal with "Error: ". */
  hmpSaysError: ages(['1.5.0', false], ['1.7.0', true]), // 1.6.1 and 1.7.0 run
  /** HMP's `i` pads the digits of the value with zeros; before, 0x and digits together. */
  hmpPadsPort: ages(['1.5.0', false], ['7.2.0', true]), // 2.4.0, 5.2 and 7.2 run
  /** The number of the ISA bridge of a pc among /machine/unattached. */
  isaBridge: ages(['1.5.0', 5], ['1.6.0', 3], ['2.4.0', 4], ['5.0.0', 3]), // run
  /** The number of the builtin pvpanic there. */
  builtinDevice: ages(['1.5.0', 27], ['1.6.0', 25]), // run
  /** qom-list begins with `type`; before, it ends with it. */
  qomListsTypeFirst: ages(['1.5.0', false], ['2.8.0', true]), // 2.4.0 and 2.8.0 run
  /** A device shows its memory regions as children. */
  qomShowsRegions: ages(['1.5.0', false], ['2.4.0', true]), // 1.7.0 and 2.4.0 run
  /** The type of a memory region. */
  regionType: ages(['1.5.0', 'qemu:memory-region'], ['7.2.0', 'memory-region']), // 5.2 and 7.2 run
  /** The object /machine has the type of its machine; before, it is a plain container. */
  machineObjectIsTyped: ages(['1.5.0', false], ['2.4.0', true]), // 1.7.0 and 2.4.0 run
  /** device_add refuses a driver that is no string as if it were missing, and no longer looks at the id first. */
  deviceAddIsStrict: ages(['1.5.0', false], ['10.0.0', true]), // 7.2 and 10.0 run
  /** device_add names the driver that there is not. */
  driverErrorNamesDriver: ages(['1.5.0', false], ['2.4.0', true]), // 1.7.0 and 2.4.0 run
  /** What device_del calls an object that is no device. */
  noDeviceWords: ages(['1.5.0', 'is not a hotpluggable device'], ['10.0.0', 'is not a device']), // 7.2 and 10.0 run
  /** qtest refuses to intercept the interrupts of a device that has none. */
  interceptNeedsInterrupt: ages(['1.5.0', false], ['10.0.0', true]), // 7.2 and 10.0 run
  /** JSON errors tell the line and the column. */
  jsonErrorsHavePlace: ages(['1.5.0', false], ['11.1.0', true]), // 10.0 and 11.1 run

  // The command line

  /** `-device help` lists pvpanic. */
  listsPvpanic: ages(['1.5.0', false], ['1.6.0', true]), // run
  /** `-device pvpanic,help` prints "pvpanic options:" to standard output; before, one line a property to standard error. */
  deviceHelpIsTable: ages(['1.5.0', false], ['5.0.0', true]), // 2.4.0 and 5.0.0 run
  /** "Property 'pvpanic.x' not found" names the type. */
  propertyErrorNamesType: ages(['1.5.0', false], ['5.2.0', true]), // 5.0.0 and 5.2 run
  /** `-audio` asks for a model. */
  audioNeedsModel: ages(['1.5.0', true], ['10.0.0', false]), // 7.2 and 10.0 run
  /** `-mon` is warned of. */
  monIsDeprecated: ages(['1.5.0', false], ['11.1.0', true]), // 10.0 and 11.1 run
  /** The members that `-run-with` takes; none without that option. */
  runWith: ages(
    ['1.5.0', []],
    ['10.0.0', ['async-teardown', 'chroot', 'user']], // 7.2 and 10.0 run
    ['11.1.0', ['async-teardown', 'chroot', 'user', 'exit-with-parent']], // 11.1 run
  ),
  /** The machine type that there is not is named. */
  machineErrorNamesType: ages(['1.5.0', false], ['10.0.0', true]), // 7.2 and 10.0 run
  /** A property's number can be binary, `0b11`: the C library's doing. */
  readsBinaryNumbers: ages(['1.5.0', false], ['10.0.0', true]), // 7.2 and 10.0 run
  /** `-m .5G` is accepted, and a negative size is out of range. */
  sizesStartAnywhere: ages(['1.5.0', false], ['10.0.0', true]), // 7.2 and 10.0 run
  /** A bad -global is reported with "can't apply global". */
  globalErrorIsNamed: ages(['1.5.0', false], ['1.7.0', true]), // 1.6.1 and 1.7.0 run
} as const satisfies Record<string, Ages<unknown>>

/** A version's row of QEMU_HISTORY. */
export type QemuFacts = {
  readonly [Name in keyof typeof QEMU_HISTORY]: (typeof QEMU_HISTORY)[Name] extends Ages<infer Value> ? Value : never
}

/** How a QEMU version with a machine type behaves, as far as it concerns pvpanic. */
export interface QemuProfile extends QemuFacts {
  /** As given, or the newest known. */
  readonly version: string
  /** The version came after the newest known here, and is taken to behave like that one. */
  readonly isNewerThanKnown: boolean
  /** The machine type's own name: aliases resolved. */
  readonly machineType: string
  /** Why QEMU warns of the machine type, if it does. */
  readonly machineTypeDeprecated: string | undefined
  /** The board brings a pvpanic device itself. */
  readonly builtinPvpanic: boolean
  /** What a read of the port shows unless told otherwise; pvpanic-pci always shows `knownEvents`. */
  readonly defaultEvents: number
}

/** Boards of up to 1.6.2 with a 1.5 machine type had pvpanic built in (added 3ab135f346, removed 7839ff593b; run). */
const BUILTIN_UNTIL = '1.7.0'
/** Machine types up to this series keep reading 1 (run on 7.2 and 10.0). */
const LAST_TO_READ_1 = '5.1'

/**
 * The profile of a QEMU version with a machine type.
 * @param version such as '1.5.3' or '7.2'; a series alone means its first release. The newest known unless given.
 * @param machineType such as 'pc-i440fx-1.5', 'q35', 'isapc'; 'pc-1.5' is pc-i440fx-1.5. 'pc' unless given.
 * @throws {OptionRangeError} naming `qemu` for a version that there is not or that has no pvpanic, and naming `machineType` for
 *   one that the version does not have or that is no PC.
 */
export function qemuProfile(version?: string, machineType = 'pc'): QemuProfile {
  const release = qemuRelease(version)
  if (release.isBeforePvpanic) {
    throw new OptionRangeError('qemu', `${release.version} has no pvpanic, which came with ${FIRST_WITH_PVPANIC}`)
  }
  const type = checkMachineType(release.version, machineType)
  if (!type.isPc)
    throw new OptionRangeError('machineType', `${type.name} is not simulated; expected pc, q35, isapc or another PC`)
  const facts = factsOf(release)
  return {
    ...facts,
    version: release.version,
    isNewerThanKnown: release.isNewerThanKnown,
    machineType: type.name,
    machineTypeDeprecated: type.deprecated,
    builtinPvpanic: !isSince(release, BUILTIN_UNTIL) && MACHINE_TYPES_1_5.includes(type.name),
    defaultEvents: facts.hasEventsProperty && !readsOne(type.name) ? facts.knownEvents : 1,
  }
}

const known = new Map<string, QemuFacts>()

/** Made once for each version. */
/** What a program tells its user of a version that came after the newest known; undefined for any other. */
export function newerVersionWarning({ version, isNewerThanKnown }: QemuRelease | QemuProfile): string | undefined {
  return isNewerThanKnown ? `QEMU ${version} is taken to behave as ${NEWEST_QEMU}, the newest known here` : undefined
}

function factsOf(release: QemuRelease): QemuFacts {
  const key = release.numbers.join('.')
  const found = known.get(key)
  if (found !== undefined) return found
  const facts = Object.entries<Ages<unknown>>(QEMU_HISTORY).map(([name, rows]) => {
    return [name, rows.findLast(([since]) => isSince(release, since))?.[1]]
  })
  const made = Object.fromEntries(facts) as QemuFacts
  known.set(key, made)
  return made
}

function readsOne(machineType: string): boolean {
  const series = machineTypeSeries(machineType)
  return series !== undefined && !isBefore(parseVersion('', LAST_TO_READ_1), parseVersion('', series).slice(0, 2))
}

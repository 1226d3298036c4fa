// The QMP commands that a machine answers: for each what it takes and what it does, in one table.

import { PVPANIC_CRASH_LOADED } from '../../devices/pvpanic.js'
import type { JsonValue } from '../../json/value.js'
import { type Writable, writeJson } from '../../json/writer.js'
import type { QemuFacts } from '../../machine/qemu-versions.js'
import { ACTION_WORDS, machineActions } from '../../qemu-options/actions.js'
import { ISA_BUS } from '../../qemu-options/device-types.js'
import { isIdentifier } from '../../qemu-options/identifier.js'
import type { Arguments, ArgumentTypes } from './arguments.js'
import { NOT_SUSPENDED, QmpError } from './error.js'
import type { QmpMonitor } from './monitor.js'
import { NO_HOTPLUG } from './qom.js'
import { listMachines, listProperties, listTypes } from './types.js'

/** A command: its arguments in the order in which they are checked, and what it does with them. */
export interface QmpCommand {
  readonly takes: ArgumentTypes
  /** Returns what the client gets as `return`. Throws a QmpError or MachineError to refuse. */
  run(monitor: QmpMonitor, given: Arguments<ArgumentTypes>): Writable
  /** Whether QEMU of a version has it. Always, unless said. */
  readonly exists?: (facts: QemuFacts) => boolean
  /** Lets arguments through that are not in `takes`. */
  readonly takesMore?: true
  /** May be executed out of band. */
  readonly isOob?: true
  /** May be executed before x-exit-preconfig. */
  readonly isForPreconfig?: true
  /** Only asks for what the main loop does later: some versions answer it before that happens. */
  readonly isRequest?: true
}

type More = Omit<QmpCommand, 'takes' | 'run'>

/** A command that returns something. */
function query<Types extends ArgumentTypes>(
  takes: Types,
  run: (monitor: QmpMonitor, given: Arguments<Types>) => Writable,
  more: More = {},
): QmpCommand {
  return { takes, run: run as QmpCommand['run'], ...more }
}

/** A command that does something, or refuses to. */
function action<Types extends ArgumentTypes>(
  takes: Types,
  run: (monitor: QmpMonitor, given: Arguments<Types>) => void,
  more: More = {},
): QmpCommand {
  const runAndReturnNothing = (monitor: QmpMonitor, given: Arguments<Types>): Writable => {
    run(monitor, given)
    return {}
  }
  return query(takes, runAndReturnNothing, more)
}

const hasActions = ({ actions }: QemuFacts) => actions
const lacksActions = ({ actions }: QemuFacts) => !actions // query-events left when set-action came
/** The condition of a command that is in the row of the later ones. */
const isLater =
  (name: string) =>
  ({ laterCommands }: QemuFacts) =>
    laterCommands.some((later) => later === name)
const FOR_PRECONFIG: More = { isForPreconfig: true }

/** Every command after negotiation, in the order in which QEMU 7.2's query-commands lists them. */
export const QMP_COMMANDS: ReadonlyMap<string, QmpCommand> = new Map(
  Object.entries({
    device_add: action(
      { id: 'any?', driver: 'any?', bus: 'any?' },
      ({ machine }, given) => refuseDevice(given, machine.qemu),
      {
        takesMore: true,
      },
    ),
    'human-monitor-command': query(
      { 'command-line': 'string', 'cpu-index': 'integer?' },
      ({ human }, { 'command-line': line, 'cpu-index': cpu = 0n }) => {
        if (cpu !== 0n) throw new QmpError("Parameter 'cpu-index' expects a CPU number")
        return human.run(line)
      },
    ),
    'x-exit-preconfig': action({}, (monitor) => monitor.endPreconfig(), {
      exists: isLater('x-exit-preconfig'),
      isForPreconfig: true,
    }),
    cont: action({}, ({ machine }) => machine.cont()),
    stop: action({}, ({ machine }) => machine.stop()),
    'query-name': query({}, ({ name }) => ({ name }), FOR_PRECONFIG),
    system_wakeup: action({}, ({ machine }) => {
      if (machine.qemu.wakeupIsRefused) throw new QmpError(NOT_SUSPENDED)
    }),
    system_powerdown: action({}, ({ machine }) => machine.powerdown(), { isRequest: true }),
    system_reset: action({}, ({ machine }) => machine.reset(), { isRequest: true }),
    'query-uuid': query({}, ({ uuid }) => ({ UUID: uuid }), FOR_PRECONFIG),
    'query-machines': query({}, ({ machine }) => listMachines(machine.qemu), FOR_PRECONFIG),
    // There is no virtual CPU here.
    'query-cpus-fast': query({}, () => [], { exists: isLater('query-cpus-fast') }),
    device_del: action({ id: 'string' }, ({ objects }, { id }) => {
      objects.refuseUnplug(id)
    }),
    'device-list-properties': query(
      { typename: 'string' },
      ({ machine, pvpanicType }, { typename }) => listProperties(machine.qemu, pvpanicType, typename),
      FOR_PRECONFIG,
    ),
    'qom-list-types': query(
      { implements: 'string?', abstract: 'boolean?' },
      ({ machine, pvpanicType }, { implements: type }) => listTypes(machine.qemu, pvpanicType, type),
      FOR_PRECONFIG,
    ),
    'qom-set': action(
      { path: 'string', property: 'string', value: 'any' },
      ({ objects }, { path, property, value }) => objects.set(path, property, value),
      FOR_PRECONFIG,
    ),
    'qom-get': query(
      { path: 'string', property: 'string' },
      ({ objects }, { path, property }) => objects.get(path, property),
      FOR_PRECONFIG,
    ),
    'qom-list': query({ path: 'string' }, ({ objects }, { path }) => objects.list(path), FOR_PRECONFIG),
    quit: action({}, ({ machine }) => machine.quit(), { isRequest: true, isForPreconfig: true }),
    'query-commands': query({}, ({ machine }) => commandNames(machine.qemu).map((name) => ({ name })), FOR_PRECONFIG),
    'query-events': query({}, ({ machine }) => eventNames(machine.qemu.knownEvents).map((name) => ({ name })), {
      exists: lacksActions,
      isForPreconfig: true,
    }),
    'query-version': query({}, ({ version }) => version, FOR_PRECONFIG),
    qmp_capabilities: action({ enable: 'capabilities?' }, () => {}, FOR_PRECONFIG), // refused by the session
    'migrate-pause': action(
      {},
      ({ machine }) => {
        const needed = machine.qemu.migratePauseNeeds
        throw new QmpError(`migrate-pause is currently only supported during ${needed} state`)
      },
      { exists: isLater('migrate-pause'), isOob: true },
    ),
    'set-action': action(ACTION_WORDS, ({ machine }, words) => machine.setActions(machineActions(words)), {
      exists: hasActions,
      isForPreconfig: true,
    }),
    'query-status': query(
      {},
      ({ machine: { runState, qemu } }) => ({
        running: runState === 'running',
        singlestep: qemu.statusHasSinglestep ? false : undefined,
        status: runState,
      }),
      FOR_PRECONFIG,
    ),
  }),
)

function commandNames(facts: QemuFacts): string[] {
  return [...QMP_COMMANDS].filter(([, { exists }]) => exists?.(facts) ?? true).map(([name]) => name)
}

function eventNames(knownEvents: number): string[] {
  const crashLoaded = knownEvents & PVPANIC_CRASH_LOADED ? ['GUEST_CRASHLOADED'] : []
  return ['SHUTDOWN', 'POWERDOWN', 'RESET', 'STOP', 'RESUME', 'GUEST_PANICKED', ...crashLoaded]
}

/** The devices that a machine can be started with, and those that only a board has. */
const DEVICES_FROM_START = ['pvpanic', 'isa-debug-exit']
const BOARD_DEVICES = ['i8257']

type NewDevice = { readonly [Name in 'id' | 'driver' | 'bus']: JsonValue | undefined }

function refuseDevice(device: NewDevice, { deviceAddIsStrict, driverErrorNamesDriver }: QemuFacts): never {
  const { id } = device
  if (typeof id === 'string' && !isIdentifier(id) && !deviceAddIsStrict) {
    throw new QmpError("Parameter 'id' expects an identifier")
  }
  const [name, bus] = [device.driver, device.bus].map((value) => {
    return deviceAddIsStrict && typeof value !== 'string' ? undefined : optionText(value)
  })
  if (name === undefined) throw new QmpError("Parameter 'driver' is missing")
  if (BOARD_DEVICES.includes(name)) throw new QmpError("Parameter 'driver' expects a pluggable device type")
  if (!DEVICES_FROM_START.includes(name)) {
    throw new QmpError(
      driverErrorNamesDriver ? `'${name}' is not a valid device model name` : "Parameter 'driver' expects device type",
    )
  }
  const busName = bus ?? ISA_BUS
  throw new QmpError(busName === ISA_BUS ? NO_HOTPLUG : `Bus '${busName}' not found`)
}

/** A value as it would stand on a command line; undefined for one that cannot, which QEMU takes for absent. */
function optionText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'bigint' || typeof value === 'number' ? writeJson(value) : undefined
}

// The QMP commands that a machine answers: for each what it takes and what it does, in one table.

import { PVPANIC_CRASH_LOADED } from '../../devices/pvpanic.js'
import type { JsonValue } from '../../json/value.js'
import { type Writable, writeJson } from '../../json/writer.js'
import { ACTION_WORDS, machineActions } from '../../qemu-options/actions.js'
import { ISA_BUS } from '../../qemu-options/device-types.js'
import { isIdentifier } from '../../qemu-options/identifier.js'
import type { Arguments, ArgumentTypes } from './arguments.js'
import { NOT_SUSPENDED, QmpError } from './error.js'
import type { QmpMonitor } from './monitor.js'
import { NO_HOTPLUG } from './qom.js'

/** A command: its arguments in the order in which they are checked, and what it does with them. */
export interface QmpCommand {
  readonly takes: ArgumentTypes
  /** Returns what the client gets as `return`. Throws a QmpError or MachineError to refuse. */
  run(monitor: QmpMonitor, given: Arguments<ArgumentTypes>): Writable
  /** Whether QEMU of the machine's version has it. Always, unless said. */
  readonly exists?: (monitor: QmpMonitor) => boolean
  /** Lets arguments through that are not in `takes`. */
  readonly takesMore?: true
}

type More = Pick<QmpCommand, 'exists' | 'takesMore'>

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

const hasActions = ({ machine }: QmpMonitor) => machine.qemu.actions
const lacksActions = ({ machine }: QmpMonitor) => !machine.qemu.actions // query-events left when set-action came

/** Every command after negotiation, in the order in which QEMU 7.2's query-commands lists them. */
export const QMP_COMMANDS: ReadonlyMap<string, QmpCommand> = new Map(
  Object.entries({
    device_add: action({ id: 'any?', driver: 'any?', bus: 'any?' }, (_, given) => refuseDevice(given), {
      takesMore: true,
    }),
    'human-monitor-command': query(
      { 'command-line': 'string', 'cpu-index': 'integer?' },
      ({ human }, { 'command-line': line, 'cpu-index': cpu = 0n }) => {
        if (cpu !== 0n) throw new QmpError("Parameter 'cpu-index' expects a CPU number")
        return human.run(line)
      },
    ),
    cont: action({}, ({ machine }) => machine.cont()),
    stop: action({}, ({ machine }) => machine.stop()),
    'query-name': query({}, ({ name }) => ({ name })),
    system_wakeup: action({}, () => {
      throw new QmpError(NOT_SUSPENDED)
    }),
    system_powerdown: action({}, ({ machine }) => machine.powerdown()),
    system_reset: action({}, ({ machine }) => machine.reset()),
    'query-uuid': query({}, ({ uuid }) => ({ UUID: uuid })),
    device_del: action({ id: 'string' }, ({ objects }, { id }) => {
      objects.refuseUnplug(id)
    }),
    'qom-set': action({ path: 'string', property: 'string', value: 'any' }, ({ objects }, { path, property, value }) =>
      objects.set(path, property, value),
    ),
    'qom-get': query({ path: 'string', property: 'string' }, ({ objects }, { path, property }) =>
      objects.get(path, property),
    ),
    'qom-list': query({ path: 'string' }, ({ objects }, { path }) => objects.list(path)),
    quit: action({}, ({ machine }) => machine.quit()),
    'query-commands': query({}, (monitor) => commandNames(monitor).map((name) => ({ name }))),
    'query-events': query({}, ({ machine }) => eventNames(machine.qemu.knownEvents).map((name) => ({ name })), {
      exists: lacksActions,
    }),
    'query-version': query({}, ({ version }) => version),
    qmp_capabilities: action({ enable: 'capabilities?' }, () => {
      throw new QmpError('Capabilities negotiation is already complete, command ignored', 'CommandNotFound')
    }),
    'set-action': action(ACTION_WORDS, ({ machine }, words) => machine.setActions(machineActions(words)), {
      exists: hasActions,
    }),
    'query-status': query({}, ({ machine: { runState }, statusHasSinglestep }) => ({
      running: runState === 'running',
      singlestep: statusHasSinglestep ? false : undefined,
      status: runState,
    })),
  }),
)

function commandNames(monitor: QmpMonitor): string[] {
  return [...QMP_COMMANDS].filter(([, { exists }]) => exists?.(monitor) ?? true).map(([name]) => name)
}

function eventNames(knownEvents: number): string[] {
  const crashLoaded = knownEvents & PVPANIC_CRASH_LOADED ? ['GUEST_CRASHLOADED'] : []
  return ['SHUTDOWN', 'POWERDOWN', 'RESET', 'STOP', 'RESUME', 'GUEST_PANICKED', ...crashLoaded]
}

/** The devices that a machine can be started with, and those that only a board has. */
const DEVICES_FROM_START = ['pvpanic', 'isa-debug-exit']
const BOARD_DEVICES = ['i8257']

type NewDevice = { readonly [Name in 'id' | 'driver' | 'bus']: JsonValue | undefined }

function refuseDevice({ id, driver, bus }: NewDevice): never {
  if (typeof id === 'string' && !isIdentifier(id)) throw new QmpError("Parameter 'id' expects an identifier")
  const name = optionText(driver)
  if (name === undefined) throw new QmpError("Parameter 'driver' is missing")
  if (BOARD_DEVICES.includes(name)) throw new QmpError("Parameter 'driver' expects a pluggable device type")
  if (!DEVICES_FROM_START.includes(name)) throw new QmpError(`'${name}' is not a valid device model name`)
  const busName = optionText(bus) ?? ISA_BUS
  throw new QmpError(busName === ISA_BUS ? NO_HOTPLUG : `Bus '${busName}' not found`)
}

/** A value as it would stand on a command line; undefined for one that cannot, which QEMU takes for absent. */
function optionText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'bigint' || typeof value === 'number' ? writeJson(value) : undefined
}

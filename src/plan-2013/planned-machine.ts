// A machine of a QEMU as the proposal plans it, the releases 1.5.4 and 1.6.1 that came otherwise or never among them.

import { Machine } from '../machine/machine.js'
import { MachineError } from '../machine/machine-error.js'
import type { MachineOptions } from '../machine/machine-options.js'
import { QmpMonitor } from '../monitor/qmp/monitor.js'
import { launchedOptions } from '../qemu-options/launch-machine.js'
import { isMarked, MARKER_PROPERTIES, type Marker, plannedTypeName } from './detection.js'
import { plannedQemu } from './planned-qemu.js'

/** Which QEMU of the proposal the machine is, and with which devices. */
export interface PlannedMachineOptions extends Pick<MachineOptions, 'startPaused'> {
  /** What `plannedQemu` takes: '1.5.4', ... */
  readonly qemu: string
  /** 'pc-1.5'. */
  readonly machineType?: string
  /** 'A': before on_crash=ignore, 'B': with it. 'A'. */
  readonly stage?: 'A' | 'B'
  /** How this QEMU shows that it is good; none: it has no marker. */
  readonly marker?: Marker
  /** QEMU's command line. Without one: the machine as the board comes, with no device added. */
  readonly arguments?: readonly string[]
}

/** The last version whose panicked guests cannot go on. */
const FINAL = '1.6.0'

/**
 * Starts a machine of the planned QEMU. With a marker its pvpanic takes that property: the dummy property, which changes
 * nothing, or the one that says whether a panic is definitive, which makes `cont` refuse a panicked guest if it is on.
 * @throws {MachineError} in QEMU's words, if it would not start: for a property that this QEMU does not have, say.
 */
export function plannedMachine(options: PlannedMachineOptions): Machine {
  const { qemu: version, machineType = 'pc-1.5', stage = 'A', marker, arguments: args, startPaused = false } = options
  const { range, standIn } = plannedQemu(version, machineType)
  const marked = marker !== undefined && isMarked(range, stage, marker)
  const typeName = plannedTypeName(range, stage, marker)
  const { rest, isOn } = takeFlag(args ?? [], typeName, marked ? marker : undefined)
  const qemu = isOn && marker === 'reversibility property' ? { qemu: FINAL, machineType: 'pc-i440fx-1.6' } : standIn
  const names = { portProperties: ['iobase', 'ioport'], typeName }
  return new Machine({ ...launchedOptions(rest, { ...qemu, ...names }), startPaused })
}

/** A monitor of such a machine: what a manager asks. */
export function plannedMonitor(options: PlannedMachineOptions): QmpMonitor {
  const { stage = 'A', marker } = options
  const { range } = plannedQemu(options.qemu, options.machineType ?? 'pc-1.5')
  const flag = marker === undefined || !isMarked(range, stage, marker) ? undefined : MARKER_PROPERTIES[marker]
  return new QmpMonitor(plannedMachine(options), {
    pvpanicType: { driver: plannedTypeName(range, stage, marker), flags: flag === undefined ? [] : [flag] },
  })
}

/** Takes the marker's property out of `-device` and `-global`, and tells whether it is on. */
function takeFlag(
  args: readonly string[],
  typeName: string,
  marker: Marker | undefined,
): { rest: string[]; isOn: boolean } {
  const flag = marker && MARKER_PROPERTIES[marker]
  if (flag === undefined) return { rest: [...args], isOn: false }
  let isOn = false
  const rest = args.map((word, index) => {
    if (args[index - 1] !== '-device' || word.split(',')[0] !== typeName) return word
    return word
      .split(',')
      .filter((part) => {
        const [, value] = new RegExp(`^${flag}=(.*)$`).exec(part) ?? []
        if (value === undefined) return true
        if (value !== 'on' && value !== 'off') {
          throw new MachineError(`-device ${word}: Parameter '${flag}' expects 'on' or 'off'`)
        }
        isOn = value === 'on'
        return false
      })
      .join(',')
  })
  return { rest, isOn }
}

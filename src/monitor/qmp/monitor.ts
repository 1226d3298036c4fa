// What all QMP clients of a machine share: the machine, what it is called, its objects, its events.

import type { Machine } from '../../machine/machine.js'
import { HumanMonitor } from '../hmp/hmp.js'
import { QmpError } from './error.js'
import { QmpEvents } from './events.js'
import { ObjectTree } from './qom.js'
import type { ExtraDeviceType } from './types.js'
import type { QmpVersion } from './version.js'

/** What the monitor knows of the guest, which the machine does not. */
export interface QmpMonitorOptions {
  /** What query-name tells. The guest has no name. */
  readonly name?: string
  /** What query-uuid tells. All zeros. */
  readonly uuid?: string
  /** What the version names as its package. 'isa-pvpanic'. */
  readonly package?: string
  /** The ID of each pvpanic device in turn; one without is anonymous. */
  readonly deviceIds?: readonly (string | undefined)[]
  /** The pvpanic device's type, for a QEMU that has another than QEMU's own. */
  readonly pvpanicType?: ExtraDeviceType
  /** Until a client gives x-exit-preconfig most commands are refused, as under QEMU's `--preconfig`; then this is called. */
  readonly onPreconfigEnd?: () => void
}

const NO_UUID = '00000000-0000-0000-0000-000000000000'

/** A machine's monitor. Give one to every QmpSession of the machine. */
export class QmpMonitor {
  readonly machine: Machine
  readonly name: string | undefined
  readonly uuid: string
  readonly version: QmpVersion
  readonly pvpanicType: ExtraDeviceType | undefined
  readonly events: QmpEvents
  readonly objects: ObjectTree
  readonly human: HumanMonitor
  #onPreconfigEnd: (() => void) | undefined

  constructor(machine: Machine, options: QmpMonitorOptions = {}) {
    const [major = 0, minor = 0, micro = 0] = machine.qemu.version.split('.').map(Number)
    this.machine = machine
    this.name = options.name
    this.pvpanicType = options.pvpanicType
    this.uuid = options.uuid ?? NO_UUID
    this.version = { qemu: { major, minor, micro }, package: options.package ?? 'isa-pvpanic' }
    this.#onPreconfigEnd = options.onPreconfigEnd
    this.events = new QmpEvents(machine)
    this.objects = new ObjectTree(machine, options.deviceIds)
    this.human = new HumanMonitor(this)
  }

  /** Whether x-exit-preconfig has still to come. */
  get inPreconfig(): boolean {
    return this.#onPreconfigEnd !== undefined
  }

  /** @throws {QmpError} if it has come, or need not. */
  endPreconfig(): void {
    const onEnd = this.#onPreconfigEnd
    if (onEnd === undefined) throw new QmpError('The command is permitted only before machine initialization')
    this.#onPreconfigEnd = undefined
    onEnd()
  }
}

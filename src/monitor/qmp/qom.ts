// The part of QEMU's object tree that shows the pvpanic devices: what qom-list, qom-get and qom-set see of them.

import type { Writable } from '../../json/writer.js'
import type { Machine, MachinePvpanic } from '../../machine/machine.js'
import type { QemuProfile } from '../../machine/qemu-versions.js'
import { ISA_BUS } from '../../qemu-options/device-types.js'
import { QmpError } from './error.js'

interface Property {
  readonly type: string
  readonly value: Writable
  /** Set before the device was realized, and never after. Without it the property is not writable at all. */
  readonly fixedByRealize?: true
  /** May be set. */
  readonly settable?: true
}

interface QomObject {
  readonly type: string
  readonly properties: Readonly<Record<string, Property>>
  /** What only a device has. */
  readonly device?: DeviceState
}

/** A device, which is the same as another if it is the same object. */
export interface DeviceState {
  /** How messages call it: by its ID, or anonymous. */
  readonly title: string
  /** False once a client has set it so; the device works on. */
  realized: boolean
}

/** Why a device can be neither added nor removed. */
export const NO_HOTPLUG = `Bus '${ISA_BUS}' does not support hotplugging`

const CONTAINER = 'container'

/** Devices that every machine has and this tree leaves out, such as the CPU: their names are ambiguous. */
const HIDDEN_DEVICES = ['device[0]', 'device[1]']

const HIDDEN: QomObject = { type: 'device', properties: {} }

/** The objects of a machine by absolute path. */
export class ObjectTree {
  readonly #objects = new Map<string, QomObject>()
  readonly #facts: QemuProfile

  /** @param deviceIds the ID of each pvpanic device in turn; one without is anonymous. */
  constructor(machine: Machine, deviceIds: readonly (string | undefined)[] = []) {
    this.#facts = machine.qemu
    const named: Record<string, Property> = {}
    const anonymous: Record<string, Property> = {}
    for (const [index, pvpanic] of machine.pvpanics.entries()) {
      if (pvpanic.source === 'builtin') {
        this.#addPvpanic(`/machine/unattached/device[${this.#facts.builtinDevice}]`, undefined, pvpanic)
        continue
      }
      const id = deviceIds[index]
      const name = id ?? `device[${Object.keys(anonymous).length}]`
      const path = id === undefined ? `/machine/peripheral-anon/${name}` : `/machine/peripheral/${name}`
      ;(id === undefined ? anonymous : named)[name] = child('pvpanic', path)
      this.#addPvpanic(path, id, pvpanic)
    }
    const machineType = this.#facts.machineObjectIsTyped ? `${machine.qemu.machineType}-machine` : CONTAINER
    this.#objects.set('/', { type: CONTAINER, properties: { machine: child(machineType, '/machine') } })
    this.#objects.set('/machine', {
      type: machineType,
      properties: {
        'peripheral-anon': child(CONTAINER, '/machine/peripheral-anon'),
        peripheral: child(CONTAINER, '/machine/peripheral'),
      },
    })
    this.#objects.set('/machine/peripheral', { type: CONTAINER, properties: named })
    this.#objects.set('/machine/peripheral-anon', { type: CONTAINER, properties: anonymous })
  }

  /** The device with this path, or with this end of its path if no other object has it. */
  findDevice(path: string): DeviceState | undefined {
    const [found, ...others] = this.#resolve(path)
    return others.length === 0 ? found?.device : undefined
  }

  /**
   * What device_del comes to: no device here can be removed.
   * @param idOrPath an ID, which is a path below /machine/peripheral, or an absolute path.
   * @throws {QmpError} always.
   */
  refuseUnplug(idOrPath: string): never {
    const [found] = this.#resolve(idOrPath.startsWith('/') ? idOrPath : `/machine/peripheral/${idOrPath}`)
    if (found === undefined) throw new QmpError(`Device '${idOrPath}' not found`, 'DeviceNotFound')
    if (found.device === undefined) throw new QmpError(`${idOrPath} ${this.#facts.noDeviceWords}`)
    throw new QmpError(found.device.realized ? NO_HOTPLUG : `Device ${idOrPath} is already in the process of unplug`)
  }

  /** @throws {QmpError} if there is no such object. */
  list(path: string): Writable {
    if (this.#resolve(path).length > 1) throw new QmpError(`Path '${path}' is ambiguous`)
    const { properties } = this.#object(path)
    const type = { name: 'type', type: 'string' }
    const others = Object.entries(properties).map(([name, property]) => ({ name, type: property.type }))
    return this.#facts.qomListsTypeFirst ? [type, ...others] : [...others.reverse(), type]
  }

  /** @throws {QmpError} if there is no such object or property. */
  get(path: string, name: string): Writable {
    const object = this.#object(path)
    if (name === 'realized' && object.device !== undefined) return object.device.realized
    return name === 'type' ? object.type : this.#property(object, name).value
  }

  /**
   * Sets `realized`, the one property that can be: as in QEMU, a device that is not realized any more works on. There it
   * can then be given other events, and to realize it again ends QEMU; here both are refused.
   * @throws {QmpError} for any other property.
   */
  set(path: string, name: string, value: Writable): void {
    const object = this.#object(path)
    const property = name === 'type' ? undefined : this.#property(object, name)
    if (property?.fixedByRealize) {
      throw new QmpError(
        `Attempt to set property '${name}' on ${object.device?.title} (type '${object.type}') after it was realized`,
      )
    }
    if (property?.settable !== true || object.device === undefined)
      throw new QmpError(`Property '${this.#typeName(object)}.${name}' is not writable`)
    if (typeof value !== 'boolean') throw new QmpError(`Invalid parameter type for '${name}', expected: boolean`)
    if (value && !object.device.realized) throw new QmpError('duplicate fw_cfg file name: etc/pvpanic-port')
    object.device.realized = value
  }

  #addPvpanic(path: string, id: string | undefined, { device, iobase }: MachinePvpanic): void {
    const title = id === undefined ? 'anonymous device' : `device '${id}'`
    const region = `${path}/pvpanic[0]`
    const { hasEventsProperty, qomShowsRegions, regionType } = this.#facts
    this.#objects.set(path, {
      type: 'pvpanic',
      device: { title, realized: true },
      properties: {
        parent_bus: { type: 'link<bus>', value: `/machine/unattached/device[${isaBridge(this.#facts)}]/${ISA_BUS}` },
        realized: { type: 'bool', value: true, settable: true },
        ...(qomShowsRegions && { hotplugged: { type: 'bool', value: false } }),
        ...(qomShowsRegions && { hotpluggable: { type: 'bool', value: false } }),
        ioport: { type: 'uint16', value: iobase, fixedByRealize: true },
        ...(hasEventsProperty && { events: { type: 'uint8', value: device.events, fixedByRealize: true } }),
        ...(qomShowsRegions && { 'pvpanic[0]': child(regionType, region) }),
      },
    })
    if (!qomShowsRegions) return
    this.#objects.set(region, {
      type: regionType,
      properties: {
        container: { type: `link<${regionType}>`, value: '/machine/unattached/io[0]' },
        addr: { type: 'uint64', value: iobase },
        size: { type: 'uint64', value: 1 },
        priority: { type: 'uint32', value: 0 },
      },
    })
  }

  #object(path: string): QomObject {
    const [found, ...others] = this.#resolve(path)
    if (found === undefined || others.length > 0) throw new QmpError(`Device '${path}' not found`, 'DeviceNotFound')
    return found
  }

  /** An absolute path names one object; any other one all whose path ends with it. Empty parts do not count. */
  #resolve(path: string): QomObject[] {
    const parts = path.split('/').filter((part) => part !== '')
    const ending = `/${parts.join('/')}`
    if (path.startsWith('/'))
      return [...(this.#objects.has(ending) ? [this.#objects.get(ending)] : [])].flatMap(present)
    if (parts.length === 0) return [...this.#objects.values()]
    const found = [...this.#objects].filter(([candidate]) => candidate.endsWith(ending)).map(([, object]) => object)
    return HIDDEN_DEVICES.includes(parts.join('/')) ? [...found, HIDDEN] : found
  }

  #property(object: QomObject, name: string): Property {
    const property = Object.hasOwn(object.properties, name) ? object.properties[name] : undefined
    if (property === undefined) throw new QmpError(`Property '${this.#typeName(object)}.${name}' not found`)
    return property
  }

  /** The type as messages name it, if they do. */
  #typeName({ type }: QomObject): string {
    return this.#facts.propertyErrorNamesType ? type : ''
  }
}

/** The number of the ISA bridge among /machine/unattached. On q35 and isapc it was seen with 7.2. */
function isaBridge({ machineType, isaBridge: onPc }: QemuProfile): number {
  if (machineType.startsWith('pc-q35-')) return 2
  return machineType === 'isapc' ? 1 : onPc
}

function child(type: string, path: string): Property {
  return { type: `child<${type}>`, value: path }
}

function present<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value]
}

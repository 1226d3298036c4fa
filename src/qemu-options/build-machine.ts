// From the devices and globals of a command line to the options of a machine.

import { PORT_COUNT } from '../bus/port-map.js'
import { DEBUG_EXIT_DEFAULT_IOBASE, DEBUG_EXIT_PORTS, type DebugExitPlace } from '../devices/debug-exit.js'
import { PVPANIC_DEFAULT_IOBASE } from '../devices/pvpanic.js'
import type { MachineOptions } from '../machine/machine-options.js'
import type { QemuProfile } from '../machine/qemu-versions.js'
import type { PvpanicPciPlace } from '../pci/connect.js'
import { checkDriver, type DeviceRequest, type DeviceSettings, deviceSettings, type GlobalProperty } from './device.js'
import { DEBUG_EXIT_TYPE, type PvpanicNames, pvpanicPciType, pvpanicType, QEMU_NAMES } from './device-types.js'
import { OptionError, prefixErrors } from './keyval.js'

/** What a command line says of devices. */
export interface DeviceOptions {
  readonly devices: readonly DeviceRequest[]
  readonly globals: readonly GlobalProperty[]
}

/** The machine's devices, and the ID of each pvpanic in turn. */
export interface BuiltDevices {
  readonly machine: Pick<MachineOptions, 'iobase' | 'secondIobase' | 'events' | 'debugExit'>
  readonly deviceIds: readonly (string | undefined)[]
  readonly pvpanicPci: readonly PvpanicPciPlace[]
}

/**
 * Makes the devices in turn, as QEMU does: the first that is refused ends it. The board's own pvpanic, if it has one,
 * comes before those that are asked for, and only a global reaches it. Of several pvpanics the first one's `events` count for all.
 * @param names what this QEMU calls pvpanic and its port.
 * @throws {OptionError} naming the option.
 * @throws {HelpRequest} for the first device that asks for help, which comes before any device is made.
 */
export function buildDevices(
  { devices, globals }: DeviceOptions,
  profile: QemuProfile,
  names: PvpanicNames = QEMU_NAMES,
): BuiltDevices {
  const pvpanic = pvpanicType(profile, names)
  const pci = profile.hasPvpanicPci ? [pvpanicPciType(profile)] : []
  const types = [pvpanic, DEBUG_EXIT_TYPE, ...pci]
  const pvpanics: DeviceSettings[] = profile.builtinPvpanic
    ? [deviceSettings(pvpanic, undefined, globals, profile)]
    : []
  const deviceIds: (string | undefined)[] = profile.builtinPvpanic ? [undefined] : []
  const ids = new Set<string>()
  const debugExit: DebugExitPlace[] = []
  const pvpanicPci: PvpanicPciPlace[] = []
  for (const request of devices.toSorted((a, b) => Number(b.wantsHelp) - Number(a.wantsHelp))) {
    prefixErrors(`${request.option}: `, () => {
      const type = checkDriver(request, types, profile)
      const settings = deviceSettings(type, request, globals, profile)
      if (request.id !== undefined && ids.has(request.id)) {
        throw new OptionError(`Duplicate ID '${request.id}' for device`)
      }
      if (request.id !== undefined) ids.add(request.id)
      if (pci.includes(type)) {
        pvpanicPci.push(settings)
        return
      }
      if (type === DEBUG_EXIT_TYPE) {
        debugExit.push(debugExitPlace(settings))
        return
      }
      pvpanics.push(settings)
      deviceIds.push(request.id)
      if (pvpanics.length > 1 && !profile.severalPvpanics) {
        throw new OptionError('duplicate fw_cfg file name: etc/pvpanic-port')
      }
    })
  }
  const [first, ...others] = pvpanics
  return {
    deviceIds,
    pvpanicPci,
    machine: {
      iobase: first === undefined ? null : (first.iobase ?? PVPANIC_DEFAULT_IOBASE),
      ...(first?.events !== undefined && { events: first.events }),
      ...(others.length > 0 && { secondIobase: others.map(({ iobase = PVPANIC_DEFAULT_IOBASE }) => iobase) }),
      ...(debugExit.length > 0 && { debugExit }),
    },
  }
}

function debugExitPlace(settings: DeviceSettings): DebugExitPlace {
  const { iobase = DEBUG_EXIT_DEFAULT_IOBASE, iosize = DEBUG_EXIT_PORTS } = settings
  if (iosize === 0 || iobase + iosize > PORT_COUNT) {
    throw new OptionError('iobase and iosize must lie within the ports 0 to 0xffff here')
  }
  return { iobase, iosize }
}

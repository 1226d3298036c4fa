// Gives a v86 emulator the machine: its devices on v86's ports, its run state in command of v86's processor.

import { checkInteger, checkKnownOptions } from '../common/check.js'
import { DebugExit } from '../devices/debug-exit.js'
import type { DmaMemory } from '../devices/i8257.js'
import { Pvpanic } from '../devices/pvpanic.js'
import { pvpanicPortFile } from '../firmware/pvpanic-port.js'
import { Machine } from '../machine/machine.js'
import { listenToPowerOff, mendAcpi, movePowerManagement } from './acpi.js'
import { ATTACH_OPTIONS, type AttachOptions } from './attach-options.js'
import { addFwCfgFiles } from './fw-cfg.js'
import { serveGuestPorts } from './guest-ports.js'
import { type EmulatorFault, V86CpuControl } from './v86-cpu.js'
import { coreOf, listenToHalt, type V86Cpu } from './v86-internals.js'
import type { V86 } from './v86-types.js'

const TURN_LIMIT_MS = 2000
const LONGEST_TIMER_MS = 0x7fffffff

/** The fw_cfg file that makes SeaBIOS take its ACPI tables from fw_cfg. */
const TABLE_LOADER = 'etc/table-loader'

const attached = new WeakSet<V86>()

/**
 * Puts the machine's devices on the emulator's ports and lets the machine stop, resume, reset and end the guest.
 *
 * Call it when the emulator is ready (event `emulator-ready`, or later) and before `emulator.run()`. From then on use
 * the machine's `stop`, `cont` and `reset`. A panic stops the guest at its very OUT: not one instruction after it is
 * executed until `cont()`, and a string instruction goes on with its next byte then. A reset does what v86's own does, so memory and v86's timers stay as they are, and brings
 * back the interrupt controllers and the images that v86 had put into memory. The guest's own resets (keyboard
 * controller, port 0xcf9) and its power off by ACPI reach the machine. After `destroy` or `quit()` the emulator stands
 * still and still is to be destroyed.
 *
 * A wide access that is not aligned within its device is split, as for a guest under KVM: TCG's rule, which loses it, would
 * hide what a PC lets through. The option `wideAccess` chooses otherwise.
 *
 * With v86's option `acpi: true`, SeaBIOS before 1.17 tells operating systems of the device.
 *
 * What is on `machine.bus` is what the guest sees, at any time: map, move and unmap devices of your own as you like. Where
 * nothing is mapped v86's own devices answer. At port 0 pvpanic covers the first port of v86's DMA controller, as in QEMU.
 *
 * @throws {TypeError} if the emulator is not ready; {Error} if it already has a machine; {RangeError} for `fwCfgFiles`
 *   whose names are too long or there already; and whatever `new Machine` does.
 */
export function attach(emulator: V86, options: AttachOptions = {}): Machine {
  const core = coreOf(emulator)
  checkKnownOptions(options, ATTACH_OPTIONS)
  if (attached.has(emulator)) throw new Error('emulator: it has a machine already')
  const {
    dma = false,
    fwCfgFiles = [],
    onHalt,
    onError = reportOnConsole,
    turnLimitMs = TURN_LIMIT_MS,
    ...machineOptions
  } = options
  if (turnLimitMs !== Number.POSITIVE_INFINITY) checkInteger('turnLimitMs', turnLimitMs, 1, LONGEST_TIMER_MS)
  const report = neverThrowing(onError, reportOnConsole)
  const cpu = new V86CpuControl(core, options.startPaused === true)
  const machine = new Machine({ wideAccess: 'split', ...machineOptions, cpu, memory: memoryOf(core.cpu) })
  addFwCfgFiles(core.cpu, machine.pvpanics.length > 0 ? [pvpanicPortFile(machine), ...fwCfgFiles] : fwCfgFiles)
  attached.add(emulator)
  mendAcpi(core.cpu)
  listenToPowerOff(core.cpu, () => {
    if (!cpu.abandoned) machine.guestShutdown()
  })
  if (fwCfgFiles.some(({ name }) => name === TABLE_LOADER)) movePowerManagement(core.cpu)
  // Devices that the embedder maps later are seen whatever their class.
  const board = machine.bus.mappings().map(({ device }) => device)
  const ownDma = board.filter((device) => !(device instanceof Pvpanic || device instanceof DebugExit))
  serveGuestPorts(core.cpu, machine.bus, cpu, { unseen: new Set(dma ? [] : ownDma), onError: firstOnly(report) })
  const hooks = {
    onGuestReset: () => (cpu.inTurn ? machine.guestReset() : machine.reset()),
    onFault: (fault: EmulatorFault) => {
      if (machine.exitCode === undefined) machine.stop()
      report(fault)
    },
  }
  cpu.takeOver(hooks, turnLimitMs)
  if (onHalt !== undefined) listenToHalt(emulator, neverThrowing(onHalt, report))
  return machine
}

/** v86's memory as the DMA controllers see it; addresses beyond it read 0xff and swallow writes. */
function memoryOf(cpu: V86Cpu): DmaMemory {
  return {
    read(address, into) {
      for (let index = 0; index < into.length; index++) into[index] = cpu.read8(address + index)
    },
    write(address, from) {
      for (let index = 0; index < from.length; index++) cpu.write8(address + index, from[index] ?? 0)
    },
  }
}

/** The same function, which tells `report` what it throws. */
function neverThrowing<Arguments extends unknown[]>(
  call: (...args: Arguments) => void,
  report: (error: unknown) => void,
): (...args: Arguments) => void {
  return (...args) => {
    try {
      call(...args)
    } catch (error) {
      report(error)
    }
  }
}

function firstOnly(report: (error: unknown) => void): (error: unknown) => void {
  let told = false
  return (error) => {
    // A guest can make it happen a million times a second.
    if (!told) report(error)
    told = true
  }
}

function reportOnConsole(error: unknown): void {
  console.error('isa-pvpanic:', error)
}

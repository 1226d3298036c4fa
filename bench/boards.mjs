// What hangs on the buses that the benchmark measures: each board is a list of windows, and what a run leaves in its devices.

import { I8257, I8257_PRIMARY, I8257_SECONDARY, Pvpanic } from 'isa-pvpanic'
import * as standIns from './stand-ins.mjs'

/** A window of a board: `device` answers at `base` .. `base + size - 1`, the first of them its register `offset`. */
const window = (base, size, device, offset = 0) => ({ base, size, device, offset })

/** Both DMA controllers with their page registers. */
export function dmaBoard() {
  const windows = []
  const recorder = {
    map: (base, size, device, { offset = 0 } = {}) => windows.push(window(base, size, device, offset)),
  }
  for (const config of [I8257_PRIMARY, I8257_SECONDARY]) new I8257(config).attach(recorder)
  return windows
}

/** A pvpanic device alone, with nothing that listens. */
export const pvpanicBoard = (iobase = 0x505) => [window(iobase, 1, new Pvpanic())]

/**
 * A PC: sixteen device classes behind 26 to 28 windows, at the ports of the recorded boot.
 * @param layout varies the order of the windows, pvpanic's port and what else is on the board.
 */
export function pcBoard(layout = 0) {
  const pic = new standIns.Pic()
  const keyboard = new standIns.Keyboard()
  const ide = new standIns.Ide()
  const vga = new standIns.Vga()
  const parallel = new standIns.Parallel()
  const postCode = new standIns.PostCode()
  const power = new standIns.PowerManagement()
  const windows = [
    ...dmaBoard(),
    ...pvpanicBoard(0x505 + layout),
    window(0x20, 2, pic),
    window(0xa0, 2, pic, 2),
    window(0x40, 4, new standIns.Pit()),
    window(0x60, 1, keyboard),
    window(0x64, 1, keyboard, 4),
    window(0x61, 1, new standIns.SystemControl()),
    window(0x70, 2, new standIns.Rtc()),
    window(0x80, 1, postCode),
    window(0x1f0, 8, ide),
    window(0x3f6, 1, ide, 8),
    window(0x170, 8, ide, 16),
    window(0x376, 1, ide, 24),
    window(0x3f8, 8, new standIns.Serial()),
    window(0x378, 4, parallel),
    window(0x3c0, 32, vga),
    window(0x1ce, 4, vga, 32),
    window(0xcf8, 8, new standIns.Pci()),
    window(0x510, 2, new standIns.FwCfg()),
    window(0xb000, 64, power),
    ...(layout % 2 ? [] : [window(0xafe0, 4, new standIns.PowerManagement())]),
    ...(layout % 3 ? [window(0x2f8, 8, new standIns.Serial())] : []),
  ]
  return [...windows.slice(layout * 3), ...windows.slice(0, layout * 3)]
}

/** Eight ports for each of `count` devices, which are of eight classes in turn. */
export function wideBoard(count) {
  const classes = Object.values(standIns).filter((Device) => new Device().latch.length >= 8)
  return Array.from({ length: count }, (_, i) => window(0x1000 + 8 * i, 8, new classes[i % classes.length]()))
}

/** One device that takes sectors, with or without a block form. */
export const diskBoard = (withBlocks) => [
  window(0x1f0, 1, withBlocks ? new standIns.BlockLatch() : new standIns.ByteLatch()),
]

/** All that a run left in the devices of a board, as text that can be compared. */
export function finalState(windows) {
  const devices = [...new Set(windows.map(({ device }) => device))]
  return JSON.stringify(devices.map(stateOf))
}

function stateOf(device) {
  if (device instanceof I8257) return device.save()
  if (device instanceof Pvpanic) return device.counts
  return device.latch === undefined ? device.name : [device.name, device.position, ...device.latch]
}

// A guest in v86 that writes one port a million times, and how long it takes: through our bus, to v86's own device, or not at all.

import { attach, createEmulator, destroyEmulator } from 'isa-pvpanic/v86'
import { GUEST_WRITES } from './workloads.mjs'

/** Channel 2's address register of the DMA controller: both answer there. */
const PORT = 0x04
const ROM_BYTES = 0x10000
const RESET_VECTOR = 0xfff0

const dword = (value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]

/** mov ecx, writes; mov dx, port; mov al, 0x12; again: out dx, al (or two nops); dec ecx; jnz again; cli; hlt */
function rom(access) {
  const image = new Uint8Array(ROM_BYTES).fill(0xf4)
  image.set([
    0x66,
    0xb9,
    ...dword(GUEST_WRITES),
    0xba,
    PORT,
    0,
    0xb0,
    0x12,
    ...access,
    0x66,
    0x49,
    0x75,
    0xfb,
    0xfa,
    0xf4,
  ])
  image.set([0xea, 0x00, 0x00, 0x00, 0xf0], RESET_VECTOR)
  return image
}
const WITH_ACCESS = rom([0xee])
const WITHOUT_ACCESS = rom([0x90])

/**
 * @param device 'ours', 'own' (v86's) or 'none'
 * @returns milliseconds from the guest's start to its halt
 */
export async function guestLoop(device) {
  const emulator = await createEmulator({ bios: device === 'none' ? WITHOUT_ACCESS : WITH_ACCESS, memory: 1 << 20 })
  try {
    const halted = new Promise((resolve) => {
      if (device === 'ours') attach(emulator, { dma: true, onHalt: resolve })
      else emulator.add_listener('cpu-event-halt', resolve)
    })
    const began = performance.now()
    emulator.run()
    await halted
    return performance.now() - began
  } finally {
    await destroyEmulator(emulator)
  }
}

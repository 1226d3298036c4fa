// Images for v86 as views of any kind.

import { it } from 'vitest'
import { bootGuest, GuestRom, testKernel } from '../../src/testing/index.js'
import { createEmulator, destroyEmulator } from '../../src/v86/index.js'
import { listenToSerial, until } from './guest.js'

const views: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
  ['a Buffer of the pool', (bytes) => Buffer.from(bytes)],
  [
    'a part of a Buffer at an odd offset',
    (bytes) => Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(9)]).subarray(3, -9),
  ],
  [
    'a part of a SharedArrayBuffer',
    (bytes) => {
      const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 100), 33, bytes.length)
      view.set(bytes)
      return view
    },
  ],
]

it.each(views)('a ROM of 512 bytes is booted from %s', async (_, viewOf) => {
  const emulator = await createEmulator({ bios: viewOf(new GuestRom(512).print('here').halt().build()) })
  const serial = listenToSerial(emulator)
  emulator.run()
  await until(() => serial() === 'here')
  await destroyEmulator(emulator)
})

it.each(views)('a kernel is booted from %s', async (_, viewOf) => {
  const guest = await bootGuest({ multiboot: viewOf(testKernel()) })
  await guest.nextPanic()
  await guest.dispose()
})

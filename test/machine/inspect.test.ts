// What console.log and JSON.stringify show of a machine, its bus and its log.

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { IoPortBus, Machine } from '../../src/index.js'

const panicked = () => {
  const machine = new Machine({ qemu: '7.2', iobase: 0, clock: () => 12 })
  machine.bus.outb(0, 1)
  return machine
}

describe('console.log', () => {
  it('shows of a machine what it does and what its guest reported', () => {
    const shown = inspect(panicked())
    expect(shown).toMatch(/^Machine \{/)
    expect(shown).toContain("runState: 'guest-panicked'")
    expect(shown).toContain("iobase: '0x0'")
    expect(shown).toContain('panicked: 1')
    expect(shown).toContain("last: { event: 'panicked', value: 1, time: 12 }")
    expect(shown).not.toContain('exitCode')
  })

  it('shows of a bus which device is at which ports, and what shadows it', () => {
    const shown = inspect(panicked().bus)
    expect(shown).toMatch(/^IoPortBus \[/)
    expect(shown).toContain("{ ports: '0x0', device: 'pvpanic' }")
    expect(shown).toContain("{ ports: '0x0-0xf', device: 'dma1', shadowedBy: [ 'pvpanic' ] }")
    expect(inspect(new IoPortBus())).toBe('IoPortBus []')
  })

  it('shows of a panic log its counts and entries', () => {
    const shown = inspect(panicked().panics)
    expect(shown).toMatch(/^PanicLog \{\s+total: 1,\s+dropped: 0,/)
  })
})

it('JSON.stringify writes the same', () => {
  const machine = panicked()
  machine.quit()
  const told = JSON.parse(JSON.stringify({ machine, bus: machine.bus, panics: machine.panics }))
  expect(told.machine).toMatchObject({ runState: 'shutdown', exitCode: 0, qemu: '7.2', panics: { total: 1 } })
  expect(told.bus).toContainEqual({ ports: '0xc0-0xdf', device: 'dma2' })
  expect(told.panics).toEqual({ total: 1, dropped: 0, entries: [{ event: 'panicked', value: 1, time: 12 }] })
})

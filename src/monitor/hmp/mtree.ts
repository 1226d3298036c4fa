// The port space as `info mtree -f` shows it: which device answers at which ports.

import { PORT_COUNT, type PortMapping } from '../../bus/port-map.js'
import { hexDigits } from '../../common/hex.js'
import type { Machine } from '../../machine/machine.js'
import { LINE_END } from '../line-splitter.js'

interface Region {
  readonly name: string
  readonly priority: number
  /** Port at which the region begins, visible or not. */
  readonly start: number
}

const ROOT: Region = { name: 'io', priority: 0, start: 0 }
const CONTROLLER_CHANNEL_REGISTERS = 8

/** The flat view of the I/O address space, with QEMU's names where the device is one of QEMU's. */
export function flatView(machine: Machine): string {
  const lines = ranges(machine).map(({ region, from, to }) => {
    const offset = from === region.start ? '' : ` @${hexDigits(from - region.start, 16)}`
    return `  ${hexDigits(from, 16)}-${hexDigits(to, 16)} (prio ${region.priority}, i/o): ${region.name}${offset}`
  })
  return [...['FlatView #0', ' AS "I/O", root: io', ' Root memory region: io'], ...lines, '', ''].join(LINE_END)
}

/** Ports `from` to `to` at which a region answers. */
interface Range {
  readonly region: Region
  readonly from: number
  readonly to: number
}

/** Who answers at which ports, in order and without gaps. */
function ranges(machine: Machine): Range[] {
  const owned = machine.bus.mappings().flatMap((mapping) => visibleRanges(machine, mapping))
  const all: Range[] = []
  let next = 0
  for (const range of owned.sort((a, b) => a.from - b.from)) {
    if (range.from > next) all.push({ region: ROOT, from: next, to: range.from - 1 })
    all.push(range)
    next = range.to + 1
  }
  if (next < PORT_COUNT) all.push({ region: ROOT, from: next, to: PORT_COUNT - 1 })
  return all
}

function visibleRanges(machine: Machine, mapping: PortMapping): Range[] {
  const regions = regionsOf(machine, mapping)
  return mapping.visible.flatMap(({ base, size }) =>
    regions.flatMap((region, index) => {
      const from = Math.max(base, region.start)
      const to = Math.min(base + size, regions[index + 1]?.start ?? PORT_COUNT) - 1
      return from <= to ? [{ region, from, to }] : []
    }),
  )
}

/** QEMU splits a DMA controller into channels and control, and gives each window of page registers its own region. */
function regionsOf(machine: Machine, { base, size, priority, device }: PortMapping): Region[] {
  const isController = machine.dma.some((controller) => controller === device)
  const isPages = machine.dma.some((controller) => controller.pages === device)
  if (isPages) return [{ name: 'dma-page', priority, start: base }]
  if (!isController) return [{ name: device.name, priority, start: base }]
  const control = base + (size / 16) * CONTROLLER_CHANNEL_REGISTERS
  return [
    { name: 'dma-chan', priority, start: base },
    { name: 'dma-cont', priority, start: control },
  ]
}

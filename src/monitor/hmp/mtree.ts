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
  const lines = runs(owners(machine)).map(({ region, from, to }) => {
    const offset = from === region.start ? '' : ` @${hexDigits(from - region.start, 16)}`
    return `  ${hexDigits(from, 16)}-${hexDigits(to, 16)} (prio ${region.priority}, i/o): ${region.name}${offset}`
  })
  return [...['FlatView #0', ' AS "I/O", root: io', ' Root memory region: io'], ...lines, '', ''].join(LINE_END)
}

/** The region that answers at each port. */
function owners(machine: Machine): Region[] {
  const ports = new Array<Region>(PORT_COUNT).fill(ROOT)
  for (const mapping of machine.bus.mappings()) {
    const regions = regionsOf(machine, mapping)
    for (const { base, size } of mapping.visible) {
      for (let port = base; port < base + size; port++) {
        ports[port] = regions.findLast(({ start }) => start <= port) ?? ROOT
      }
    }
  }
  return ports
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

interface Run {
  readonly region: Region
  readonly from: number
  readonly to: number
}

function runs(ports: readonly Region[]): Run[] {
  const found: Run[] = []
  let from = 0
  for (const [port, region] of ports.entries()) {
    if (region === ports[port + 1]) continue
    found.push({ region, from, to: port })
    from = port + 1
  }
  return found
}

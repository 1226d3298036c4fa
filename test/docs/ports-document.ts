// docs/ports.md, made of the code's own tables.

import { renderTable } from '../../src/common/render-table.js'
import * as core from '../../src/index.js'
import { PC_PORTS, type PcPorts, pcRegisterAt } from '../../src/machine/pc-ports.js'

const hex = (value: number, digits = 3): string => `0x${value.toString(16).padStart(digits, '0')}`
const range = (base: number, size: number): string =>
  size === 1 ? hex(base) : `${hex(base)} to ${hex(base + size - 1)}`

const EVENTS = [
  { bit: core.PVPANIC_PANICKED, meaning: 'the guest has panicked', event: 'GUEST_PANICKED', state: 'by `onPanic`' },
  {
    bit: core.PVPANIC_CRASH_LOADED,
    meaning: 'the guest has panicked, and its crash kernel takes over',
    event: 'GUEST_CRASHLOADED',
    state: 'running',
  },
  {
    bit: core.PVPANIC_SHUTDOWN,
    meaning: 'the guest shuts down',
    event: 'GUEST_PVSHUTDOWN, SHUTDOWN',
    state: 'shutdown',
  },
]

const machine = new core.Machine({ debugExit: 0xf4 })
const mappings = machine.bus.mappings()

/** What an ordinary machine has at each of its ports. */
function ownPorts() {
  return mappings.flatMap(({ base, size, device }) =>
    Array.from({ length: size }, (_, offset) => ({ port: base + offset, device: device.name })),
  )
}

const OTHERS = PC_PORTS.filter(({ base }) => !ownPorts().some(({ port }) => port === base))

export function portsDocument(): string {
  return `# Ports and registers

Written by the tests from the library's own tables (\`npx vitest run test/docs -u\`).

## pvpanic

One port, ${hex(core.PVPANIC_DEFAULT_IOBASE)} unless \`iobase\` says otherwise. A read gives the events that the host takes, a mask of the bits
below (\`events\`; by default all that the QEMU version knew). A write of any known bit reports that event, whatever the mask
says; unknown bits do nothing and are counted. A wide access gives the same byte at each of its bytes.

${renderTable(
  [
    { title: 'bit', cell: ({ bit }) => hex(bit, 1) },
    { title: 'written by a guest, it means', cell: ({ meaning }) => meaning },
    { title: 'event', cell: ({ event }) => event },
    { title: 'run state after', cell: ({ state }) => state },
  ],
  EVENTS,
  'markdown',
)}
## What a machine has

The devices of \`new Machine({ debugExit: 0xf4 })\`; isa-debug-exit is there only if it is asked for.

${renderTable(
  [
    { title: 'ports', cell: ({ base, size }) => range(base, size) },
    { title: 'device', cell: ({ device }) => device.name },
  ],
  mappings,
  'markdown',
)}
## Its registers

A name with a slash is that of a register which is read as one thing and written as another.

${renderTable(
  [
    { title: 'port', cell: ({ port }) => hex(port) },
    { title: 'device', cell: ({ device }) => device },
    { title: 'register', cell: ({ port, device }) => registerOf(port, device) },
  ],
  ownPorts(),
  'markdown',
)}
## What the emulator around it has

The rest of a PC, as QEMU's \`pc\` machine has it. The library has none of these devices; it names them in traces and timelines,
and warns of a pvpanic device that would take their place.

${renderTable(
  [
    { title: 'ports', cell: ({ base, size }: PcPorts) => range(base, size) },
    { title: 'device', cell: ({ title }) => title.replace(/:.*/, '') },
    { title: 'registers', cell: ({ registers = [] }) => [...new Set(registers)].join(', ') },
  ],
  [...OTHERS].sort((a, b) => a.base - b.base),
  'markdown',
)}`
}

function registerOf(port: number, device: string): string {
  if (device === 'pvpanic') return 'events'
  if (device === 'isa-debug-exit') return 'exit code: a write of n ends the machine with 2n + 1'
  return pcRegisterAt(port) ?? ''
}

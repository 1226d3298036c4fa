// What the bus is meant to reach, as ratios within one run on one Node, and whether it did.

const OURS = 'isa-pvpanic'
const PLAIN_PEERS = ['Map of closures', 'array of closures', "avr8js's hooks"]
const ALL_PEERS = [...PLAIN_PEERS, 'one call site', 'object per port']

/** Times as fast as a peer: at least. `floor` is taken off both before: what the program around the bus costs. */
const faster = (workload, peer, least, { ours = OURS, floor, guard = false } = {}) => ({
  workload,
  goal: `${least === 1 ? `faster than ${peer}` : `at least ${least} times as fast as ${peer}`}${floor ? `, ${floor} taken off` : ''}`,
  of: peer,
  by: ours,
  floor,
  met: (ratio) => ratio >= least,
  guard,
})

/** Times as long as a peer: at most. */
const within = (workload, peer, most, ours = OURS) => ({
  workload,
  goal: `at most ${most} times the time of ${peer}`,
  of: ours,
  by: peer,
  met: (ratio) => ratio <= most,
  guard: false,
})

const GOALS = [
  faster('one port', 'v86', 4, { guard: true }),
  within('one port', 'direct calls', 2),
  faster('DMA program', 'v86', 5, { guard: true }),
  within('DMA program', 'direct calls', 1.5),
  faster('boot, writes', 'v86', 5, { guard: true }),
  faster('boot', 'v86', 4, { guard: true }),
  faster('random ports', 'v86', 3, { guard: true }),
  faster('interpreter', 'v86', 3, { floor: 'no bus', guard: true }),
  faster('v86 guest', 'v86', 1),
  ...['one port', 'DMA program', 'boot, writes', 'boot', 'random ports', 'interpreter'].flatMap((workload) =>
    ALL_PEERS.map((peer) => faster(workload, peer, 1, { guard: peer === 'one call site' })),
  ),
  ...ALL_PEERS.map((peer) => faster('sectors', peer, 1)),
  faster('sectors', 'isa-pvpanic, outb', 4),
  within('panic storm', 'plain write', 30, 'panic, no listener'),
  within('many devices', 'isa-pvpanic, 4 devices', 1.5, 'isa-pvpanic, 255 devices'),
  ...PLAIN_PEERS.map((peer) => faster('many devices', `${peer}, 255 devices`, 1, { ours: 'isa-pvpanic, 255 devices' })),
  within('eight machines', 'isa-pvpanic, one layout', 2, 'isa-pvpanic, eight layouts'),
  ...PLAIN_PEERS.map((peer) =>
    faster('eight machines', `${peer}, eight layouts`, 1, { ours: 'isa-pvpanic, eight layouts' }),
  ),
]

/** The workloads in which a bus that is slower than its peers is a failure. */
export const GUARDED = [...new Set(GOALS.filter(({ guard }) => guard).map(({ workload }) => workload))]

const MACHINE = 'a Machine, and a device mapped'
const MOST_MACHINE_NS = 30_000
const MOST_MACHINE_BYTES = 150 * 1024
/** What a heap that does not grow may differ by between two collections. */
const MOST_GROWTH_BYTES = 64 * 1024
const MOST_IMPORT_MS = 4
const MOST_START_MS = 50

/** A number's median over the rounds, and the quartiles around it. */
export function spread(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other)
  const [low, median, high] = [0.25, 0.5, 0.75].map((part) => {
    const at = part * (sorted.length - 1)
    const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
    return below + (above - below) * (at % 1)
  })
  return { median, low, high }
}

/** The ratio of two contenders, taken within each round. */
const compare = (above, below, floor) =>
  spread(above.map((ns, round) => (ns - (floor?.[round] ?? 0)) / (below[round] - (floor?.[round] ?? 0))))

/** Holds the goals whose cases were measured against the times (by workload, contender, round), bytes and starts. */
export function judge({ times, bytes, starts }) {
  const judged = GOALS.filter(({ workload, of, by }) => times[workload]?.[of] && times[workload]?.[by]).map(
    ({ workload, goal, of, by, floor, met, guard }) => {
      const { [of]: above, [by]: below, [floor]: taken } = times[workload]
      const { median: value, low, high } = compare(above, below, taken)
      return { workload, goal, unit: 'ratio', value, low, high, met: met(value), guard: guard && high < 1 }
    },
  )
  const limit = (workload, goal, value, most, unit) => {
    if (value !== undefined) judged.push({ workload, goal, unit, value, met: value < most, guard: false })
  }
  limit('panic storm', 'no growth over a million panics', bytes['panic storm'], MOST_GROWTH_BYTES, 'bytes')
  const machine = times.machine?.[MACHINE]
  limit('machine', 'a Machine in less than 30 µs', machine && spread(machine).median, MOST_MACHINE_NS, 'ns')
  limit('machine', 'a Machine in less than 150 KiB', bytes.machine, MOST_MACHINE_BYTES, 'bytes')
  limit('start', 'import of the package in less than 4 ms', starts?.importMs, MOST_IMPORT_MS, 'ms')
  limit('start', '`isa-pvpanic --version` in less than 50 ms', starts?.versionMs, MOST_START_MS, 'ms')
  return judged
}

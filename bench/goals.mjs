// What the bus is meant to reach, as ratios within one run, and whether it did.

const OURS = 'isa-pvpanic'
const PLAIN_PEERS = ['Map of closures', 'array of closures', "avr8js's hooks"]

/** Times as fast as a peer: at least. */
const faster = (workload, peer, least, { ours = OURS, guard = false } = {}) => ({
  workload,
  goal: least === 1 ? `faster than ${peer}` : `at least ${least} times as fast as ${peer}`,
  of: peer,
  by: ours,
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
  faster('a', 'v86', 3),
  within('a', 'direct calls', 2),
  faster('b', 'v86', 5, { guard: true }),
  within('b', 'direct calls', 2.5),
  faster('c', 'v86', 5, { guard: true }),
  faster('d', 'v86', 2.5),
  ...['a', 'b', 'c', 'd', 'e'].flatMap((workload) => PLAIN_PEERS.map((peer) => faster(workload, peer, 1))),
  faster('e', 'isa-pvpanic, outb', 4),
  within('f', 'plain write', 15, 'panic, no listener'),
  within('g', 'isa-pvpanic, 4 devices', 1.5, 'isa-pvpanic, 255 devices'),
  ...PLAIN_PEERS.map((peer) => faster('g', `${peer}, 255 devices`, 1, { ours: 'isa-pvpanic, 255 devices' })),
  within('h', 'isa-pvpanic, one layout', 2, 'isa-pvpanic, eight layouts'),
  ...PLAIN_PEERS.map((peer) => faster('h', `${peer}, eight layouts`, 1, { ours: 'isa-pvpanic, eight layouts' })),
]

const MACHINE = 'a Machine, and a device mapped'
const MOST_MACHINE_NS = 50_000
const MOST_MACHINE_BYTES = 200 * 1024
/** What a heap that does not grow may differ by between two collections. */
const MOST_GROWTH_BYTES = 64 * 1024

/** A number's median over the rounds, and between what the middle half of them lies. */
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
const compare = (above, below) => spread(above.map((ns, round) => ns / below[round]))

/** Holds the goals whose cases were measured against the times (by workload, contender, round) and bytes. */
export function judge(times, bytes) {
  const judged = GOALS.filter(({ workload, of, by }) => times[workload]?.[of] && times[workload]?.[by]).map(
    ({ workload, goal, of, by, met, guard }) => {
      const { median: value, low, high } = compare(times[workload][of], times[workload][by])
      return { workload, goal, unit: 'ratio', value, low, high, met: met(value), guard }
    },
  )
  const limit = (workload, goal, value, most, unit) => {
    if (value !== undefined) judged.push({ workload, goal, unit, value, met: value < most, guard: false })
  }
  limit('f', 'no growth over a million panics, after the first second', bytes.f, MOST_GROWTH_BYTES, 'bytes')
  const machine = times.i?.[MACHINE]
  limit('i', 'a Machine in less than 50 µs', machine && spread(machine).median, MOST_MACHINE_NS, 'ns')
  limit('i', 'a Machine in less than 200 KiB', bytes.i, MOST_MACHINE_BYTES, 'bytes')
  return judged.sort((one, other) => one.workload.localeCompare(other.workload))
}

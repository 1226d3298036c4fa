// The matrices as tables for people, and the reasons under their rows.

import { hex } from '../common/hex.js'
import { type Column, renderTable, type TableFormat } from '../common/render-table.js'
import type { DevicePlace } from '../libvirt/run-domain.js'
import { explainBasis } from './basis.js'
import type { MatrixRow, TodayRow } from './matrix.js'
import type { Decisions, Plan } from './plan-panic-notifier.js'

const yesNo = (value: boolean): string => (value ? 'yes' : 'no')
const hexadecimal = (port: number): string => (port === 0 ? '0' : hex(port))

/** 'builtin 0, 0x505': a builtin device at port 0, then an added one at 0x505. */
export function describeDevices(devices: readonly DevicePlace[]): string {
  const described = devices.map(
    ({ source, iobase }) => `${source === 'builtin' ? 'builtin ' : ''}${hexadecimal(iobase)}`,
  )
  return described.length === 0 ? 'none' : described.join(', ')
}

/** The domain is not started: there is no guest, and nothing is decided about one. */
const isRefused = ({ effectiveAction }: Plan): boolean => effectiveAction === 'refused'

const OPTION_COLUMNS: readonly Column<MatrixRow>[] = [
  { title: 'opt', cell: ({ plan }) => plan.input.option },
  { title: 'QEMU', cell: ({ qemu }) => qemu },
  { title: 'machine', cell: ({ machineType }) => machineType },
  { title: 'elm', cell: ({ plan }) => yesNo(plan.input.element) },
  { title: 'pvpanic', cell: ({ plan }) => (isRefused(plan) ? 'refused' : describeDevices(plan.devices)) },
  { title: 'a panic', cell: ({ plan }) => plan.effectiveAction },
  {
    title: 'reboot',
    cell: ({ plan }) => (isRefused(plan) ? 'refused' : plan.mayOverrideGuestReboot ? 'lost' : 'kept'),
  },
  { title: 'ignore', cell: ({ plan }) => plan.ignore },
  { title: 'cap', cell: ({ plan }) => yesNo(plan.capabilityExposed) },
  { title: 'adds', cell: ({ plan }) => yesNo(plan.libosinfoAddsElement) },
]

/** What the columns are, and how the execution went, for under the table. */
export function optionLegend(rows: readonly MatrixRow[]): string {
  const differing = rows.filter(({ disagreements }) => disagreements.length > 0).length
  return `elm      <panic-notifier/> is in the domain's XML
pvpanic  the machine's devices: builtin or added, at which port
a panic  what follows it, with a driver as Linux's
reboot   whether the guest's own reboot-on-panic is kept, or lost to on_crash
ignore   what on_crash=ignore comes to
cap      libvirt exposes the element as a capability
adds     libosinfo adds the element by default

${rows.length} rows, each executed with a domain and four guests: ${differing === 0 ? 'all came out as planned' : `${differing} DIFFER from the plan`}
`
}

/** At most 100 columns wide for the proposal's own rows. */
export function renderOptions(rows: readonly MatrixRow[], format: TableFormat): string {
  return renderTable(OPTION_COLUMNS, rows, format)
}

const TODAY_COLUMNS: readonly Column<TodayRow>[] = [
  { title: 'QEMU', cell: ({ input }) => input.qemu },
  { title: 'libvirt', cell: ({ input }) => input.libvirt },
  { title: 'machine', cell: ({ input }) => input.machineType },
  { title: '<panic>', cell: ({ input }) => yesNo(input.element) },
  { title: 'pvpanic', cell: ({ answer }) => describeDevices(answer.devices) },
  { title: 'a panic', cell: ({ answer }) => answer.effectiveAction },
  { title: 'reboot', cell: ({ answer }) => (answer.overridesGuestReboot ? 'lost' : 'kept') },
  { title: 'resume', cell: ({ answer }) => (answer.reversible ? 'works' : '-') },
]

/** The rows for real versions. */
export function renderToday(rows: readonly TodayRow[], format: TableFormat): string {
  return renderTable(TODAY_COLUMNS, rows, format)
}

const WIDTH = 100
const INDENT = 4

/** What each cell of a row rests on, a paragraph a field. */
export function explainOptions(rows: readonly MatrixRow[]): string {
  return rows
    .map(({ qemu, machineType, plan, disagreements }) => {
      const { option, element, onCrash, stage } = plan.input
      const title = `Option ${option}, QEMU ${qemu}, machine ${machineType}, ${element ? 'with' : 'without'} the element, on_crash=${onCrash}, stage ${stage}`
      const fields = reasons(plan).map(([reason, decided]) => wrap(`${decided.join(', ')}. ${reason}`))
      return [title, ...fields, ...disagreements.map((text) => wrap(`executed: ${text}`))].join('\n')
    })
    .join('\n\n')
    .concat('\n')
}

export function explainToday(rows: readonly TodayRow[]): string {
  return rows
    .map(({ input, answer }) => {
      const element = input.element ? 'with' : 'without'
      const title = `QEMU ${input.qemu}, libvirt ${input.libvirt}, ${input.machineType}, ${element} <panic>`
      return [title, ...answer.reasons.map(wrap)].join('\n')
    })
    .join('\n\n')
    .concat('\n')
}

/** Each reason, with the decisions that rest on it. */
function reasons(plan: Plan): [string, string[]][] {
  const grouped = new Map<string, string[]>()
  for (const [field, basis] of Object.entries(plan.basis)) {
    const reason = explainBasis(basis)
    const decided = `${field} = ${show(plan[field as keyof Decisions])}`
    grouped.set(reason, [...(grouped.get(reason) ?? []), decided])
  }
  return [...grouped]
}

function show(value: Decisions[keyof Decisions]): string {
  if (typeof value === 'boolean') return yesNo(value)
  if (typeof value === 'string') return value
  const parts = value.map((part) => (typeof part === 'string' ? part : describeDevices([part])))
  return parts.length === 0 ? 'none' : parts.join(' ')
}

/** Breaks a paragraph into indented lines. */
function wrap(text: string): string {
  const lines: string[] = []
  let line = ' '.repeat(INDENT - 2)
  for (const word of text.split(' ')) {
    if (line.length + word.length > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd())
      line = ' '.repeat(INDENT)
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()].join('\n')
}

// Bonzini's proposal of 2013 as a table: every row is planned and executed in this page; a click gives its reasons.

import { explainBasis, type MatrixRow, optionMatrix } from 'isa-pvpanic/plan-2013'
import { card, element, hex } from './dom.js'

const ACTIONS = ['destroy', 'restart', 'preserve', 'coredump-destroy', 'coredump-restart', 'ignore'] as const
const MEANINGS = {
  '1': 'Option 1: no change; the device that is built in stays where it is.',
  '2a': 'Option 2a: the built-in device moves to port 0, where no guest looks; whoever wants one adds it at 0x505.',
  '2b': 'Option 2b: the built-in device goes away; a marker tells libvirt of a QEMU that has none.',
} as const

const yesNo = (value: boolean) => (value ? 'yes' : 'no')
const COLUMNS: readonly (readonly [title: string, explanation: string, cell: (row: MatrixRow) => string])[] = [
  ['Option', 'Which option of the proposal', ({ plan }) => plan.input.option],
  ['QEMU', 'A range of versions; 1.5.4 was planned and never made', ({ qemu }) => qemu],
  ['Machine', 'The machine type', ({ machineType }) => machineType],
  ['Element', "<panic-notifier/> is in the domain's XML", ({ plan }) => yesNo(plan.input.element)],
  ['Devices', "The machine's pvpanic devices and their ports", ({ plan }) => describe(plan.devices)],
  ['After a panic', 'With a guest driver that looks the port up', ({ plan }) => plan.effectiveAction],
  [
    'Own reboot',
    "Whether the guest's own reboot on panic is kept",
    ({ plan }) => (plan.mayOverrideGuestReboot ? 'lost' : 'kept'),
  ],
  ['Ignore', 'What on_crash=ignore comes to', ({ plan }) => plan.ignore],
]

export function show(panel: HTMLElement): void {
  const onCrash = element('select', { id: 'on-crash', change: () => fill() })
  onCrash.append(...ACTIONS.map((action) => element('option', { value: action }, action)))
  const option = element('select', { id: 'option', change: () => fill() })
  option.append(
    element('option', { value: '' }, 'all'),
    ...Object.keys(MEANINGS).map((name) => element('option', { value: name }, name)),
  )
  const summary = element('p', { role: 'status', class: 'summary' })
  const body = element('tbody')
  const head = element(
    'tr',
    {},
    ...COLUMNS.map(([title, explanation]) => element('th', { scope: 'col', title: explanation }, title)),
  )
  const table = element('table', {}, element('thead', {}, head), body)

  const fill = () => {
    const chosen = (Object.keys(MEANINGS) as (keyof typeof MEANINGS)[]).find((name) => name === option.value)
    const action = ACTIONS.find((name) => name === onCrash.value) ?? 'destroy'
    const rows = optionMatrix({ onCrash: action, ...(chosen && { option: chosen }) })
    const differing = rows.filter(({ disagreements }) => disagreements.length > 0).length
    summary.textContent = `${rows.length} rows, each executed with a domain and four guests just now: ${
      differing === 0 ? 'all came out as planned.' : `${differing} differ from the plan.`
    }`
    body.replaceChildren(...rows.flatMap((row, index) => rowOf(row, index)))
  }
  fill()

  const controls = element(
    'div',
    { class: 'controls' },
    element('label', { for: 'on-crash' }, 'on_crash', onCrash),
    element('label', { for: 'option' }, 'Option', option),
  )
  const scroller = element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'The options as a table' },
    table,
  )
  const meanings = element('ul', { class: 'plain' }, ...Object.values(MEANINGS).map((text) => element('li', {}, text)))
  panel.append(
    card(
      'Who decides what follows a panic?',
      'QEMU 1.5 built pvpanic into every PC, and hosts could not tell a guest that wanted it from one that did not. In 2013 ' +
        'Paolo Bonzini proposed three ways out. Choose a row to see what each of its answers rests on.',
      meanings,
      controls,
      summary,
      scroller,
    ),
  )
}

function rowOf(row: MatrixRow, index: number): HTMLElement[] {
  const reasons = element('tr', { id: `reasons-${index}`, class: 'reasons', hidden: true })
  const cells = COLUMNS.map(([, , cell], column) => {
    if (column > 0) return element('td', {}, cell(row))
    const toggle = element(
      'button',
      {
        class: 'expander',
        'aria-expanded': 'false',
        'aria-controls': `reasons-${index}`,
        click: () => {
          reasons.hidden = !reasons.hidden
          toggle.setAttribute('aria-expanded', String(!reasons.hidden))
          if (reasons.childElementCount === 0)
            reasons.append(element('td', { colspan: COLUMNS.length }, explained(row)))
        },
      },
      cell(row),
    )
    return element('th', { scope: 'row' }, toggle)
  })
  return [element('tr', { click: ({ target }) => rowClicked(target) }, ...cells), reasons]
}

/** A click anywhere in a row counts for its button. */
function rowClicked(target: EventTarget | null): void {
  if (target instanceof Element && target.closest('button') === null)
    target.closest('tr')?.querySelector('button')?.click()
}

function explained({ plan, disagreements }: MatrixRow): HTMLElement {
  const byReason = new Map<string, string[]>()
  for (const [field, basis] of Object.entries(plan.basis)) {
    const reason = explainBasis(basis)
    byReason.set(reason, [...(byReason.get(reason) ?? []), field])
  }
  const list = element('dl')
  for (const [reason, fields] of byReason) {
    list.append(element('dt', {}, fields.map(spaced).join(', ')), element('dd', {}, reason))
  }
  for (const text of disagreements) list.append(element('dt', {}, 'executed'), element('dd', {}, text))
  return list
}

/** 'effectiveAction' as 'effective action'. */
const spaced = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

function describe(devices: MatrixRow['plan']['devices']): string {
  const names = devices.map(
    ({ source, iobase }) => `${source === 'builtin' ? 'built-in at ' : 'added at '}${iobase === 0 ? '0' : hex(iobase)}`,
  )
  return names.length === 0 ? 'none' : names.join(', ')
}

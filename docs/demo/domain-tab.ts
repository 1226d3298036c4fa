// Paste the XML of a libvirt domain and see what a panic would lead to.

import { type DomainEvent, DomainXmlError, type Examination, examineDomain, parseDomainXml } from 'isa-pvpanic/libvirt'
import { card, element, hex } from './dom.js'

const EXAMPLE = `<domain type='kvm'>
  <name>build-01</name>
  <memory unit='MiB'>512</memory>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
  </os>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>preserve</on_crash>
  <devices>
    <panic model='isa'>
      <address type='isa' iobase='0x505'/>
    </panic>
  </devices>
</domain>
`
const DELAY_MS = 250

export function show(panel: HTMLElement): void {
  const result = element('div', { class: 'result', 'aria-live': 'polite' })
  let timer: ReturnType<typeof setTimeout> | undefined
  const input = element('textarea', {
    id: 'xml',
    rows: 20,
    spellcheck: 'false',
    autocomplete: 'off',
    input: () => {
      clearTimeout(timer)
      timer = setTimeout(examine, DELAY_MS)
    },
  })
  input.value = EXAMPLE
  const examine = () => result.replaceChildren(...answer(input.value))
  examine()
  panel.append(
    element(
      'div',
      { class: 'columns' },
      card(
        'The domain',
        'Such as virsh dumpxml prints. It stays in this page.',
        element('label', { for: 'xml', class: 'hidden' }, "The domain's XML"),
        input,
      ),
      card('What a panic leads to', 'Each value of on_crash is tried out with a guest that panics.', result),
    ),
  )
}

function answer(xml: string): HTMLElement[] {
  try {
    return described(examineDomain(parseDomainXml(xml)))
  } catch (error) {
    const place =
      error instanceof DomainXmlError ? `Line ${error.line}, column ${error.column}: ${error.reason}` : undefined
    return [element('p', { class: 'failure' }, place ?? (error instanceof Error ? error.message : String(error)))]
  }
}

function described({ definition, devices, qemuArguments, startError, outcomes, warnings }: Examination): HTMLElement[] {
  const ports = devices.map(
    ({ source, iobase }) => `${source === 'builtin' ? 'built in' : 'added'}, port ${hex(iobase)}`,
  )
  const facts = [
    ['Domain', `${definition.name}${definition.machineType === '' ? '' : `, machine ${definition.machineType}`}`],
    [
      'pvpanic',
      startError === undefined ? ports.join('; ') || 'none: nobody hears of a panic' : 'the domain would not start',
    ],
    ...(startError === undefined ? [] : [['Error', startError]]),
  ]
  const list = element('dl', { class: 'facts' })
  for (const [name = '', value = ''] of facts) list.append(element('dt', {}, name), element('dd', {}, value))
  const rows = outcomes.map(({ onCrash, current, action, state, events }) =>
    element(
      'tr',
      { class: current ? 'current' : undefined },
      element(
        'th',
        { scope: 'row' },
        onCrash,
        ...(current ? [element('span', { class: 'badge' }, 'this domain')] : []),
      ),
      element('td', {}, `${state.state} (${state.reason})`),
      element('td', {}, action === 'guest policy' ? 'none: the guest finds no device' : afterBoot(events)),
    ),
  )
  const head = ['on_crash', 'State after a panic', 'Events'].map((title) => element('th', { scope: 'col' }, title))
  const table = element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...rows))
  return [
    list,
    ...(rows.length > 0
      ? [element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Outcomes' }, table)]
      : []),
    ...(warnings.length > 0 ? [element('h3', {}, 'Traps')] : []),
    element('ul', { class: 'warnings' }, ...warnings.map((text) => element('li', {}, text))),
    element('h3', {}, "QEMU's arguments"),
    element('pre', { class: 'wrap', tabindex: 0 }, qemuArguments.join(' ')),
  ]
}

function afterBoot(events: readonly DomainEvent[]): string {
  const names = events.map((event) => (event.name === 'lifecycle' ? event.detail : event.name))
  return names.slice(names.indexOf('Started Booted') + 1).join(', ') || 'none'
}

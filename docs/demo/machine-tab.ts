// The first tab: a guest, its machine, and everything between them.

import { type IoPortBus, MachineError, type PanicMode, type RunState } from 'isa-pvpanic'
import { pcPortName } from 'isa-pvpanic/testing'
import { card, element, hex } from './dom.js'
import { DemoGuest, type GuestSettings, type Step } from './guest.js'
import { Playback } from './playback.js'
import { RunStateGraph } from './run-state-graph.js'

const MODES: readonly (readonly [PanicMode, string])[] = [
  ['preserve', 'preserve: keep it, stopped'],
  ['destroy', 'destroy: end the machine'],
  ['reset', 'reset: start it anew'],
  ['log', 'log: let it go on'],
]
const MODE_SENTENCES: Readonly<Record<PanicMode, string>> = {
  preserve: 'The guest is stopped right after its write and kept for inspection, until cont.',
  destroy: 'The guest is stopped and the machine ends, with exit code 0.',
  reset: 'The guest is stopped, the machine is reset and it starts anew; after three panics in a row it is kept.',
  log: 'The panic is reported to whoever watches, and the guest goes on.',
}
const EVENT_BITS = ['panicked', 'crash loaded', 'shutdown'] as const
const SPEEDS: readonly (readonly [pauseMs: number, name: string])[] = [
  [120, 'slowly: 8 steps a second'],
  [900, 'one step a second'],
  [0, 'as it happens'],
]
const QMP_COMMANDS = [
  'query-status',
  'query-name',
  'cont',
  'stop',
  'system_reset',
  'system_powerdown',
  'qom-list-types',
  'quit',
]
/** Lines kept in a log. */
const MOST_LINES = 1000

/** A text that grows at its end, scrolled along unless the reader has scrolled back. */
class Log {
  readonly element: HTMLElement

  constructor(label: string, empty: string) {
    const attributes = {
      class: 'log',
      role: 'log',
      tabindex: 0,
      'aria-label': label,
      'aria-live': 'off',
      'data-empty': empty,
    }
    this.element = element('div', attributes)
  }

  add(...lines: readonly HTMLElement[]): void {
    const { scrollHeight, scrollTop, clientHeight } = this.element
    const follows = scrollHeight - scrollTop - clientHeight < 40
    this.element.append(...lines)
    while (this.element.childElementCount > MOST_LINES) this.element.firstElementChild?.remove()
    if (follows) this.element.scrollTop = this.element.scrollHeight
  }

  clear(): void {
    this.element.replaceChildren()
  }
}

export function show(panel: HTMLElement): void {
  const tab = new MachineTab()
  panel.append(...tab.cards)
  tab.boot()
}

class MachineTab {
  readonly cards: readonly HTMLElement[]
  readonly #graph = new RunStateGraph()
  readonly #serial = new Log("The guest's serial console", 'Nothing yet.')
  readonly #ports = new Log('Port accesses', 'No access yet.')
  readonly #qmp = new Log('QMP conversation', 'Nothing yet.')
  readonly #state = element('strong', { class: 'state', id: 'run-state' })
  readonly #sentence = element('p', { class: 'sentence' })
  readonly #notice = element('p', { class: 'notice', role: 'status', hidden: true })
  readonly #counters = element('dl', { class: 'counters' })
  readonly #map = element('tbody')
  readonly #playback = new Playback<Step>(
    (steps) => this.#show(steps),
    () => this.#refresh(),
  )
  readonly #mode = select('mode', MODES)
  readonly #speed = select('speed', SPEEDS)
  readonly #iobase = element('input', {
    id: 'iobase',
    value: '0x505',
    size: 8,
    autocomplete: 'off',
    spellcheck: 'false',
  })
  readonly #bits = EVENT_BITS.map((name, bit) =>
    element('input', { type: 'checkbox', id: `bit-${bit}`, checked: true, 'aria-label': name }),
  )
  readonly #port = element('input', { id: 'port', value: '0x505', size: 8, autocomplete: 'off', spellcheck: 'false' })
  readonly #value = element('input', { id: 'value', value: '0x01', size: 6, autocomplete: 'off', spellcheck: 'false' })
  readonly #command = element('input', {
    id: 'qmp',
    list: 'qmp-commands',
    value: 'query-status',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  readonly #buttons: Readonly<Record<'cont' | 'stop' | 'reset' | 'save' | 'load', HTMLButtonElement>>
  readonly #romName = element('span', { id: 'rom-name' }, 'the built-in guest')
  readonly #builtin = element(
    'button',
    { class: 'link', hidden: true, click: () => this.#useRom(undefined, 'the built-in guest') },
    'use the built-in guest',
  )
  #rom: Uint8Array | undefined
  #guest: DemoGuest | undefined
  #booting: Promise<void> = Promise.resolve()
  #saved: { readonly bytes: Uint8Array; readonly settings: string } | undefined
  #counts = { panics: 0, reads: 0, writes: 0, resets: 0 }
  /** What the events shown so far say of a STOP to come. */
  #panicked = false
  #shown: RunState = 'running'

  constructor() {
    const command = (name: 'cont' | 'stop' | 'reset') =>
      element('button', { id: name, click: () => this.#try(() => this.#guest?.machine[name]()) }, name)
    this.#buttons = {
      cont: command('cont'),
      stop: command('stop'),
      reset: command('reset'),
      save: element('button', { id: 'save', click: () => this.#save() }, 'save'),
      load: element('button', { id: 'load', disabled: true, click: () => this.#load() }, 'load'),
    }
    for (const control of [this.#mode, this.#iobase, ...this.#bits])
      control.addEventListener('change', () => this.boot())
    const setSpeed = () => {
      this.#playback.pauseMs = Number(this.#speed.value)
    }
    this.#speed.addEventListener('change', setSpeed)
    setSpeed()
    this.cards = [this.#machine(), this.#controls(), this.#console(), this.#portLog(), this.#qmpLog(), this.#portMap()]
  }

  /** Boots a new guest with what the controls say. */
  boot(): Promise<void> {
    this.#booting = this.#booting.then(() => this.#bootNow())
    return this.#booting
  }

  async #bootNow(): Promise<void> {
    const old = this.#guest
    this.#guest = undefined
    await old?.dispose()
    this.#playback.clear()
    for (const log of [this.#serial, this.#ports, this.#qmp]) log.clear()
    this.#counts = { panics: 0, reads: 0, writes: 0, resets: 0 }
    this.#panicked = false
    this.#place('running')
    this.#tell('')
    try {
      const settings = this.#settings()
      this.#guest = await DemoGuest.boot(settings, (step) => this.#playback.add(step))
      this.#port.value = hex(settings.iobase ?? 0x505)
      this.#guest.run()
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error))
    }
    this.#refresh()
  }

  #settings(): GuestSettings {
    const onPanic = MODES.find(([mode]) => mode === this.#mode.value)?.[0] ?? 'preserve'
    const written = this.#iobase.value.trim()
    const iobase = written === '' || written === 'none' ? null : parsed(written, 0xffff, 'iobase')
    const events = this.#bits.reduce((sum, { checked }, bit) => sum + (checked ? 1 << bit : 0), 0)
    return { onPanic, iobase, events, rom: this.#rom }
  }

  // What the guest did.

  #show(steps: readonly Step[]): void {
    for (const step of steps) {
      if (step.kind === 'serial') this.#serial.add(element('div', {}, step.text.trimEnd()))
      else if (step.kind === 'port') this.#showAccess(step)
      else if (step.kind === 'event') this.#showEvent(step)
      else if (step.kind === 'note') this.#tell(step.text)
      else
        this.#qmp.add(
          element(
            'div',
            { class: step.from },
            element('span', { class: 'who' }, step.from === 'client' ? '→ ' : '← '),
            step.line,
          ),
        )
    }
    this.#refresh()
  }

  #showAccess({ access: { port, width, write, value }, time }: Step & { kind: 'port' }): void {
    if (write) this.#counts.writes++
    else this.#counts.reads++
    const mapping = this.#guest?.machine.bus.mappings().find(({ visible }) => covers(visible, port))
    const isPvpanic = mapping?.device.name === 'pvpanic'
    const name = isPvpanic ? 'pvpanic' : pcPortName(port) || mapping?.device.name || 'nothing there'
    const text = `${write ? 'out' : 'in '} ${hex(port, 3).padEnd(6)} ${write ? '←' : '→'} ${hex(value, width * 2)}`
    this.#ports.add(
      element(
        'div',
        { class: isPvpanic ? 'pvpanic' : undefined },
        element('span', { class: 'time' }, milliseconds(time)),
        `${text}  `,
        element('em', {}, name),
      ),
    )
  }

  #showEvent({ event: { event, data } }: Step & { kind: 'event' }): void {
    if (event === 'GUEST_PANICKED') {
      this.#counts.panics++
      this.#panicked = data.action !== 'run'
    } else if (event === 'STOP') this.#move(this.#panicked ? 'guest-panicked' : 'paused')
    else if (event === 'RESUME') {
      this.#panicked = false
      this.#move('running')
    } else if (event === 'SHUTDOWN') this.#move('shutdown')
    else if (event === 'RESET') {
      this.#counts.resets++
      if (this.#shown === 'running') this.#move('running')
    }
  }

  #move(state: RunState): void {
    this.#graph.move(state)
    this.#name(state)
  }

  #place(state: RunState): void {
    this.#graph.show(state)
    this.#name(state)
  }

  #name(state: RunState): void {
    this.#shown = state
    this.#state.textContent = state
    this.#state.dataset.state = state
  }

  /** What depends on the machine as it is now. */
  #refresh(): void {
    const machine = this.#guest?.machine
    const settled = machine !== undefined && !this.#playback.isPlaying
    if (settled && machine.runState !== this.#shown) this.#place(machine.runState)
    const ended = machine?.exitCode !== undefined
    this.#buttons.cont.disabled = !settled || ended || machine.runState === 'running'
    this.#buttons.stop.disabled = !settled || ended || machine.runState !== 'running'
    for (const name of ['reset', 'save'] as const) this.#buttons[name].disabled = !settled || ended
    this.#buttons.load.disabled = !settled || ended || this.#saved === undefined
    this.#sentence.textContent = ended
      ? `The machine has ended with exit code ${machine.exitCode}.`
      : MODE_SENTENCES[this.#settingsMode()]
    const { panics, reads, writes, resets } = this.#counts
    const instructions = this.#guest?.instructions ?? 0
    const counters: readonly (readonly [string, number])[] = [
      ['panics', panics],
      ['resets', resets],
      ['port reads', reads],
      ['port writes', writes],
      ['instructions', instructions],
    ]
    this.#counters.replaceChildren(
      ...counters.map(([name, count]) =>
        element('div', {}, element('dt', {}, name), element('dd', {}, count.toLocaleString('en'))),
      ),
    )
    if (machine !== undefined) this.#map.replaceChildren(...machine.bus.mappings().map(mappingRow))
  }

  #settingsMode(): PanicMode {
    return MODES.find(([mode]) => mode === this.#mode.value)?.[0] ?? 'preserve'
  }

  // What the user does.

  #try(action: () => void): void {
    this.#tell('')
    try {
      action()
    } catch (error) {
      if (!(error instanceof MachineError || error instanceof RangeError)) throw error
      this.#tell(error.message)
    }
    this.#refresh()
  }

  #tell(text: string): void {
    this.#notice.textContent = text
    this.#notice.hidden = text === ''
  }

  async #save(): Promise<void> {
    const guest = this.#guest
    if (guest === undefined) return
    const bytes = await guest.save()
    this.#saved = { bytes, settings: JSON.stringify({ ...this.#settings(), rom: this.#romName.textContent }) }
    this.#tell(
      `Saved: ${(bytes.length / 1e6).toFixed(1)} MB, run state ${guest.machine.runState}. Load brings it back.`,
    )
    this.#refresh()
  }

  async #load(): Promise<void> {
    const saved = this.#saved
    if (saved === undefined || this.#guest === undefined) return
    try {
      const remarks = await this.#guest.load(saved.bytes)
      this.#tell(['The saved guest is back.', ...remarks].join(' '))
      this.#place(this.#guest.machine.runState)
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error))
    }
    this.#refresh()
  }

  async #dropped(files: FileList | null | undefined): Promise<void> {
    const file = files?.[0]
    if (file === undefined) return
    await this.#useRom(
      new Uint8Array(await file.arrayBuffer()),
      `${file.name}, ${file.size.toLocaleString('en')} bytes`,
    )
  }

  #useRom(rom: Uint8Array | undefined, name: string): Promise<void> {
    this.#rom = rom
    this.#romName.textContent = name
    this.#builtin.hidden = rom === undefined
    return this.boot()
  }

  // The cards.

  #controls(): HTMLElement {
    const bits = element('fieldset', {}, element('legend', {}, 'Events offered'))
    for (const [bit, box] of this.#bits.entries())
      bits.append(element('label', { for: box.id, class: 'check' }, box, `${EVENT_BITS[bit]}`))
    const file = element('input', { type: 'file', id: 'rom', change: () => this.#dropped(file.files) })
    const drop = element(
      'div',
      {
        class: 'drop',
        dragover: (event) => {
          event.preventDefault()
          drop.classList.add('over')
        },
        dragleave: () => drop.classList.remove('over'),
        drop: (event) => {
          event.preventDefault()
          drop.classList.remove('over')
          if (event instanceof DragEvent) this.#dropped(event.dataTransfer?.files)
        },
      },
      element('p', {}, 'Boots ', this.#romName, '. ', this.#builtin),
      element(
        'label',
        { for: 'rom' },
        'Drop a ROM of yours here, or choose one: 16 bytes to 1 MiB, started at its reset vector.',
        file,
      ),
    )
    return element(
      'section',
      { class: 'card controls-card' },
      element('header', {}, element('h2', {}, 'Set up'), element('p', {}, 'Each change boots a new guest.')),
      element('label', { for: 'mode' }, 'When the guest panics', this.#mode),
      element('label', { for: 'iobase' }, 'iobase, the port of pvpanic', this.#iobase),
      element('p', { class: 'hint' }, '0 shadows a DMA register; none leaves the device out.'),
      bits,
      element('label', { for: 'speed' }, 'Show what happens', this.#speed),
      drop,
      element('button', { class: 'primary', id: 'boot', click: () => this.boot() }, 'Boot again'),
    )
  }

  #machine(): HTMLElement {
    const { cont, stop, reset, save, load } = this.#buttons
    const write = (event: Event) => {
      event.preventDefault()
      this.#try(() =>
        this.#guest?.write(parsed(this.#port.value, 0xffff, 'port'), parsed(this.#value.value, 0xff, 'value')),
      )
    }
    return element(
      'section',
      { class: 'card machine-card' },
      element('header', {}, element('h2', {}, 'The machine'), element('p', {}, 'Run state: ', this.#state)),
      this.#graph.element,
      this.#sentence,
      this.#notice,
      element('div', { class: 'bar' }, cont, stop, reset, element('span', { class: 'gap' }), save, load),
      element(
        'form',
        { class: 'bar', submit: write },
        element('label', { for: 'value' }, 'Write', this.#value),
        element('label', { for: 'port' }, 'to port', this.#port),
        element('button', { id: 'write' }, 'out'),
      ),
      this.#counters,
    )
  }

  #console(): HTMLElement {
    return card('Serial console', 'What the guest prints to COM1.', this.#serial.element)
  }

  #portLog(): HTMLElement {
    return card('Port log', "The guest's accesses to the machine's bus, ms since the boot.", this.#ports.element)
  }

  #qmpLog(): HTMLElement {
    const send = (event: Event) => {
      event.preventDefault()
      const text = this.#command.value.trim()
      if (text !== '') this.#guest?.qmp(text.startsWith('{') ? text : JSON.stringify({ execute: text }))
      this.#refresh()
    }
    const names = element(
      'datalist',
      { id: 'qmp-commands' },
      ...QMP_COMMANDS.map((value) => element('option', { value })),
    )
    return card(
      'QMP',
      'What a client of the monitor sees: → to the machine, ← from it.',
      this.#qmp.element,
      element(
        'form',
        { class: 'bar', submit: send },
        element('label', { for: 'qmp', class: 'grow' }, 'Command', this.#command),
        names,
        element('button', { id: 'send' }, 'send'),
      ),
    )
  }

  #portMap(): HTMLElement {
    const head = ['Ports', 'Device', 'Reached'].map((title) => element('th', { scope: 'col' }, title))
    const table = element('table', { class: 'map' }, element('thead', {}, element('tr', {}, ...head)), this.#map)
    const scroll = element(
      'div',
      { class: 'scroll short', tabindex: 0, role: 'region', 'aria-label': 'Port map' },
      table,
    )
    return card('Port map', "The machine's devices, and which of them hides another.", scroll)
  }
}

type Mapping = ReturnType<IoPortBus['mappings']>[number]

function mappingRow({ base, size, device, visible, shadowedBy }: Mapping): HTMLElement {
  const range = (first: number, count: number) =>
    count === 1 ? hex(first) : `${hex(first)} – ${hex(first + count - 1)}`
  const hidden = shadowedBy.map((other) => `${range(other.base, other.size)} is hidden by ${other.device.name}`)
  const reached =
    visible.length === 0
      ? 'nothing'
      : hidden.length === 0
        ? 'all of it'
        : visible.map((part) => range(part.base, part.size)).join(', ')
  return element(
    'tr',
    { class: hidden.length > 0 ? 'shadowed' : undefined },
    element('td', { class: 'mono' }, range(base, size)),
    element('th', { scope: 'row' }, device.name),
    element('td', {}, [reached, ...hidden].join('; ')),
  )
}

function covers(ranges: Mapping['visible'], port: number): boolean {
  return ranges.some(({ base, size }) => base <= port && port < base + size)
}

function select(id: string, options: readonly (readonly [string | number, string])[]): HTMLSelectElement {
  return element('select', { id }, ...options.map(([value, name]) => element('option', { value }, name)))
}

const milliseconds = (time: number): string => `${time.toFixed(1).padStart(7)} `

/** @throws {RangeError} that names the field. */
function parsed(text: string, most: number, field: string): number {
  const number = /^\s*(0x[\da-f]+|\d+)\s*$/i.test(text) ? Number(text) : Number.NaN
  if (!(number <= most)) throw new RangeError(`${field}: expected a number from 0 to ${hex(most)}, got "${text}"`)
  return number
}

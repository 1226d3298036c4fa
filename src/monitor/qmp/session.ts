// One client's QMP conversation: bytes in, bytes out, as QEMU holds it.

import { PLAIN_WORDS, WORDS_WITH_PLACES } from '../../json/parser.js'
import { type JsonLimits, JsonReader, type JsonResult } from '../../json/reader.js'
import { isJsonObject, type JsonValue } from '../../json/value.js'
import { type Writable, writeJson } from '../../json/writer.js'
import { MachineError } from '../../machine/machine-error.js'
import type { QemuFacts } from '../../machine/qemu-versions.js'
import { LINE_END } from '../line-splitter.js'
import { checkArguments, checkRequest, OOB, type Request } from './arguments.js'
import { QMP_COMMANDS } from './commands.js'
import { QmpError } from './error.js'
import type { QmpMonitor } from './monitor.js'

/** The client's side of a QMP session. */
export interface QmpSessionOptions {
  /** Takes what goes to the client, ASCII only. */
  readonly send: (bytes: Uint8Array) => void
  /** Told once when the machine has ended and the client has been sent everything: the connection is to be closed. */
  readonly close?: () => void
  /** Whether out-of-band execution is offered. Yes, as QEMU from 5.0 on does on a socket. */
  readonly oob?: boolean
  /** Whether `send` also gets events. Yes; no for a server that takes them from `monitor.events` itself. */
  readonly events?: boolean
  /** What a request may cost. QEMU's limits: 64 MiB, 2 Mi tokens, 1,024 levels. */
  readonly limits?: JsonLimits
}

const NEGOTIATION = 'qmp_capabilities'
const ascii = new TextEncoder()

/**
 * A QMP client's session with a machine: greeting, negotiation, commands and their answers in order, events once
 * negotiated. Whatever bytes come in are answered or skipped; nothing throws.
 */
export class QmpSession {
  readonly #monitor: QmpMonitor
  readonly #options: QmpSessionOptions
  readonly #reader: JsonReader
  #negotiated = false
  #oobEnabled = false
  #answering = false
  #closed = false
  #unsubscribe = () => {}

  constructor(monitor: QmpMonitor, options: QmpSessionOptions) {
    this.#monitor = monitor
    this.#options = options
    const words = monitor.machine.qemu.jsonErrorsHavePlace ? WORDS_WITH_PLACES : PLAIN_WORDS
    this.#reader = new JsonReader((result) => this.#answer(result), options.limits, words)
  }

  /** Whether the client has negotiated, and so gets events. */
  get negotiated(): boolean {
    return this.#negotiated
  }

  /** Sends the greeting. */
  start(): void {
    const capabilities = this.#offersOob ? [OOB] : []
    this.#send({ QMP: { version: this.#monitor.version, capabilities } })
  }

  /** Takes bytes from the client, in pieces of any size. */
  receive(bytes: Uint8Array): void {
    if (!this.#closed) this.#reader.feed(bytes)
  }

  /** The client has gone: no more events. */
  end(): void {
    this.#closed = true
    this.#unsubscribe()
  }

  #answer(result: JsonResult): void {
    if (this.#closed) return
    this.#answering = true
    if ('error' in result) this.#send({ error: { class: 'GenericError', desc: result.error } })
    else this.#reply(result.value)
    this.#answering = false
    this.#closeIfEnded()
  }

  #reply(input: JsonValue): void {
    const id = isJsonObject(input) ? input.get('id') : undefined
    try {
      const request = checkRequest(input, this.#oobEnabled, this.#facts)
      if (this.#negotiated) this.#run(request, (value) => this.#send({ return: value, id }))
      else this.#send({ return: this.#negotiate(request), id })
    } catch (error) {
      if (!(error instanceof QmpError || error instanceof MachineError)) throw error
      this.#send({ error: { class: error.class, desc: error.desc }, id })
    }
  }

  #run({ command: name, arguments: given, outOfBand }: Request, answer: (value: Writable) => void): void {
    const command = QMP_COMMANDS.get(name)
    if (command === undefined || command.exists?.(this.#facts) === false) throw notFound(name)
    if (outOfBand && command.isOob !== true) throw new QmpError(`The command ${name} does not support OOB`)
    if (this.#monitor.inPreconfig && command.isForPreconfig !== true) {
      throw new QmpError(`The command '${name}' is permitted only after machine initialization has completed`)
    }
    const checked = checkArguments(command.takes, given, this.#facts, command.takesMore)
    if (name === NEGOTIATION) throw this.#refuseNegotiation()
    if (command.isRequest !== true || this.#facts.replyAfterEvent) {
      answer(command.run(this.#monitor, checked))
      return
    }
    answer({})
    command.run(this.#monitor, checked)
  }

  #negotiate({ command, arguments: given }: Request): Writable {
    if (command !== NEGOTIATION) throw this.#refuseBeforeNegotiation(command)
    const { enable = [] } = checkArguments({ enable: 'capabilities?' }, given, this.#facts)
    if (enable.length > 0 && !this.#offersOob) throw new QmpError(`Capability ${OOB} not available`)
    this.#oobEnabled = enable.length > 0
    this.#negotiated = true
    if (this.#options.events !== false) this.#unsubscribe = this.#monitor.events.subscribe((line) => this.#tell(line))
    return {}
  }

  #refuseBeforeNegotiation(command: string): QmpError {
    const expected = `Expecting capabilities negotiation with '${NEGOTIATION}'`
    switch (this.#facts.negotiationWords) {
      case 'unknown':
        return notFound(command)
      case 'named':
        return new QmpError(`${expected} before command '${command}'`, 'CommandNotFound')
      default:
        return new QmpError(expected, 'CommandNotFound')
    }
  }

  #refuseNegotiation(): QmpError {
    const complete = 'Capabilities negotiation is already complete, command'
    switch (this.#facts.negotiationWords) {
      case 'unknown':
        return notFound(NEGOTIATION)
      case 'named':
        return new QmpError(`${complete} '${NEGOTIATION}' ignored`, 'CommandNotFound')
      default:
        return new QmpError(`${complete} ignored`, 'CommandNotFound')
    }
  }

  get #facts(): QemuFacts {
    return this.#monitor.machine.qemu
  }

  get #offersOob(): boolean {
    return this.#facts.qmpOob && this.#options.oob !== false
  }

  #tell(event: Uint8Array): void {
    this.#options.send(event)
    if (!this.#answering) this.#closeIfEnded()
  }

  #closeIfEnded(): void {
    if (this.#closed || this.#monitor.machine.exitCode === undefined) return
    this.end()
    this.#options.close?.()
  }

  #send(message: Writable): void {
    this.#options.send(ascii.encode(writeJson(message) + LINE_END))
  }
}

function notFound(command: string): QmpError {
  return new QmpError(`The command ${command} has not been found`, 'CommandNotFound')
}

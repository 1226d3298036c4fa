// One client's QMP conversation: bytes in, bytes out, as QEMU holds it.

import { type JsonLimits, JsonReader, type JsonResult } from '../../json/reader.js'
import { isJsonObject, type JsonValue } from '../../json/value.js'
import { inQemusOrder, type Writable, writeJson } from '../../json/writer.js'
import { MachineError } from '../../machine/machine-error.js'
import { LINE_END } from '../line-splitter.js'
import { checkArguments, checkRequest, OOB, type Request } from './arguments.js'
import { QMP_COMMANDS } from './commands.js'
import { QmpError } from './error.js'
import type { QmpMonitor } from './monitor.js'

export interface QmpSessionOptions {
  /** Takes what goes to the client, ASCII only. */
  readonly send: (bytes: Uint8Array) => void
  /** Told once when the machine has ended and the client has been sent everything: the connection is to be closed. */
  readonly close?: () => void
  /** Whether out-of-band execution is offered. Yes, as QEMU does on a socket. */
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
    this.#reader = new JsonReader((result) => this.#answer(result), options.limits)
  }

  /** Whether the client has negotiated, and so gets events. */
  get negotiated(): boolean {
    return this.#negotiated
  }

  /** Sends the greeting. */
  start(): void {
    const capabilities = this.#options.oob === false ? [] : [OOB]
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
    this.#send('error' in result ? { error: { class: 'GenericError', desc: result.error } } : this.#reply(result.value))
    this.#answering = false
    this.#closeIfEnded()
  }

  #reply(input: JsonValue): Writable {
    const id = isJsonObject(input) ? input.get('id') : undefined
    try {
      return { return: this.#execute(input), id }
    } catch (error) {
      if (!(error instanceof QmpError || error instanceof MachineError)) throw error
      return { error: { class: error.class, desc: error.desc }, id }
    }
  }

  #execute(input: JsonValue): Writable {
    if (!isJsonObject(input)) throw new QmpError('QMP input must be a JSON object')
    const request = checkRequest(inQemusOrder([...input]), this.#oobEnabled)
    return this.#negotiated ? this.#run(request) : this.#negotiate(request)
  }

  #run({ command: name, arguments: given, outOfBand }: Request): Writable {
    const command = QMP_COMMANDS.get(name)
    if (command === undefined || command.exists?.(this.#monitor) === false) {
      throw new QmpError(`The command ${name} has not been found`, 'CommandNotFound')
    }
    if (outOfBand) throw new QmpError(`The command ${name} does not support OOB`)
    return command.run(this.#monitor, checkArguments(command.takes, given, command.takesMore))
  }

  #negotiate({ command, arguments: given }: Request): Writable {
    if (command !== NEGOTIATION) {
      throw new QmpError(`Expecting capabilities negotiation with '${NEGOTIATION}'`, 'CommandNotFound')
    }
    const { enable = [] } = checkArguments({ enable: 'capabilities?' }, given)
    if (enable.length > 0 && this.#options.oob === false) throw new QmpError(`Capability ${OOB} not available`)
    this.#oobEnabled = enable.length > 0
    this.#negotiated = true
    if (this.#options.events !== false) this.#unsubscribe = this.#monitor.events.subscribe((line) => this.#tell(line))
    return {}
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

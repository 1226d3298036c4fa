// `isa-pvpanic run --domain`: the guest in the hands of a manager that does what libvirt does.

import { join } from 'node:path'
import { refusalOf } from '../../libvirt/check-definition.js'
import { Domain } from '../../libvirt/domain.js'
import type { DomainDefinition } from '../../libvirt/domain-definition.js'
import { DomainError, type DomainEvent, type DomainState } from '../../libvirt/domain-state.js'
import { DomainXmlError } from '../../libvirt/domain-xml-error.js'
import { libvirtProfile } from '../../libvirt/libvirt-version.js'
import { aboutOtherDevice, otherPanicDevices } from '../../libvirt/other-devices.js'
import { readDomainXml } from '../../libvirt/parse-domain-xml.js'
import type { BootOptions } from '../../testing/boot-guest.js'
import type { Guest } from '../../testing/guest.js'
import type { Timeline } from '../timeline.js'
import { UsageError } from '../usage-error.js'
import { readUserText } from '../user-files.js'
import type { RunOptions } from './options.js'

type ManagedOptions = Pick<RunOptions, 'engine' | 'libvirt' | 'qemu' | 'dumpDir'>

/** A domain and, once it was started, its guest. */
export class ManagedGuest {
  readonly #domain: Domain
  readonly #options: ManagedOptions
  readonly #timeline: Timeline
  #guest: Guest | undefined

  private constructor(definition: DomainDefinition, options: ManagedOptions, timeline: Timeline) {
    const { libvirt, qemu } = options
    this.#options = options
    this.#timeline = timeline
    this.#domain = new Domain(definition, {
      ...(libvirt && { libvirt }),
      ...(qemu && { qemu }),
      dump: (file) => this.#dump(file),
      onWarning: (text) => timeline.add('host', `libvirt: ${text}`),
    })
    this.#domain.on((event) => timeline.add('domain', describe(event)))
  }

  /** @throws {UsageError} with libvirt's reason, if there is no such file, or libvirt would refuse it. */
  static async read(file: string, options: ManagedOptions, timeline: Timeline): Promise<ManagedGuest> {
    const xml = await readUserText(file)
    const { libvirt, engine, qemu } = options
    try {
      const { definition, root } = readDomainXml(xml, libvirt === undefined ? {} : { libvirt })
      // What an installed QEMU lacks it says itself.
      const refusal = refusalOf(definition, engine === 'qemu' ? 'any' : qemu)
      if (refusal !== undefined) throw new DomainXmlError(refusal.reason, refusal.position ?? root.position)
      return new ManagedGuest(definition, options, timeline)
    } catch (error) {
      if (!(error instanceof DomainXmlError)) throw error
      throw new UsageError(`${file}:${error.line}:${error.column}: ${error.reason}`, { cause: error })
    }
  }

  /** What the guest is to be booted with. @throws {UsageError} in QEMU's words, if it would not start. */
  get guestOptions(): BootOptions {
    try {
      return this.#domain.guestOptions(this.#options.engine)
    } catch (error) {
      throw error instanceof DomainError ? new UsageError(error.message, { cause: error }) : error
    }
  }

  /** Hands the guest, which waits, to the manager. */
  async start(guest: Guest): Promise<void> {
    this.#guest = guest
    const { version } = libvirtProfile(this.#options.libvirt)
    const { definition } = this.#domain
    const { name, onCrash } = definition
    this.#timeline.add('host', `domain ${name} under libvirt ${version}: on_crash ${onCrash}`)
    const others = this.#options.engine === 'v86' ? otherPanicDevices(definition) : []
    for (const device of others) this.#timeline.add('host', aboutOtherDevice(device))
    await this.#domain.start({ guest })
  }

  /** Resolves when what follows from the last panic has been done. */
  settled(): Promise<void> {
    return this.#domain.settled()
  }

  /** What the domain has come to, for programs. */
  get summary(): DomainState & { readonly name: string } {
    return { name: this.#domain.name, ...this.#domain.state }
  }

  async #dump(file: string): Promise<number | undefined> {
    const path = join(this.#options.dumpDir ?? '.', file)
    const bytes = await this.#guest?.dumpCore(path)
    this.#timeline.add('host', `core dump written to ${path}`)
    return bytes
  }
}

const describe = (event: DomainEvent): string => {
  const { state, reason } = event.state
  return `${event.name === 'lifecycle' ? event.detail : event.name}: ${state} (${reason})`
}

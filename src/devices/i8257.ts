// The 8257/8237 DMA controller of the PC, as QEMU models it: a pair of them moves data between devices and memory.

import type { IoPortBus } from '../bus/io-port-bus.js'
import type { PortDevice } from '../bus/port-device.js'
import type { PortMapping } from '../bus/port-map.js'
import { checkInteger, checkMethods } from '../common/check.js'
import { readArray, readObject } from '../common/plain-data.js'
import { DmaPages, mapDmaPages } from './dma-pages.js'

/** The memory that DMA reads and writes, by physical byte address (0..0xffffffff). */
export interface DmaMemory {
  /** Fills `into` from memory. */
  read(address: number, into: Uint8Array): void
  /** Stores `from` in memory. */
  write(address: number, from: Uint8Array): void
}

/**
 * Asked to move data while its channel is requested and not masked. It calls `readMemory` or `writeMemory` as it likes.
 * @param position how many bytes of the transfer are done, 0..length. A guest can shorten a transfer in the middle; then it
 *   begins at its end.
 * @param length how many bytes the guest programmed, 1..0x10000 (twice that on the secondary).
 * @returns the new position, 0..length; `length` is terminal count. Anything else is refused by an `OptionRangeError` or
 *   `OptionTypeError` from whatever asked the handler, and the position stays.
 */
export type DmaHandler = (position: number, length: number) => number

/** Where a controller sits and how its registers lie. */
export interface I8257Config {
  readonly name: string
  /** Port of its first register. */
  readonly base: number
  /** log2 of the ports for each register, and of the bytes for each transfer unit. */
  readonly shift: 0 | 1
  /** Port before its first page register. */
  readonly pageBase: number
}

/** Channels 0 to 3: bytes, a register at every port. */
export const I8257_PRIMARY: I8257Config = { name: 'dma1', base: 0x00, shift: 0, pageBase: 0x80 }
/** Channels 4 to 7: 16-bit units, a register at every second port, the odd ports repeat the even ones. */
export const I8257_SECONDARY: I8257Config = { name: 'dma2', base: 0xc0, shift: 1, pageBase: 0x88 }

/** In what the controller follows an older QEMU. */
export interface I8257Options {
  /** What the second byte of a word shows that is read at the last of some page registers: 0 before QEMU 2.4. Default: 0xff. */
  readonly pastPageRegisters?: 0 | 0xff
}

const CHANNELS = 4
const ALL_CHANNELS = (1 << CHANNELS) - 1

/**
 * The registers: 0..7 are address and count of channels 0..3 in turn, the rest are named by what a write does. Enums
 * here, since the bundler turns constants into variables, which V8 would reload at every access.
 */
enum Register {
  Address0 = 0,
  Count0 = 1,
  Address1 = 2,
  Count1 = 3,
  Address2 = 4,
  Count2 = 5,
  Address3 = 6,
  Count3 = 7,
  /** Reads: status. */
  Command = 8,
  /** Reads: mask. */
  Request = 9,
  SingleMask = 10,
  Mode = 11,
  ClearFlipFlop = 12,
  MasterClear = 13,
  ClearMask = 14,
  AllMask = 15,
}

enum Mask {
  Register = 0x0f,
  /** Of a request, single mask or mode byte: which channel. */
  Channel = 0x03,
  /** Of a request or single mask byte: set rather than clear. */
  Set = 0x04,
  LowByte = 0xff,
  HighByte = 0xff00,
}

enum Shift {
  /** From a channel's terminal count bit in the status to its request bit. */
  Request = 4,
}

const BYTE = 0xff
const WORD = 0xffff
const COMMAND_SUPPORTED = 4 // the only command bit that QEMU's controller accepts: "disable", which it then ignores
const COUNT_REGISTER = 1 // set in the number of a count register, clear in an address register's
const STATUS_REQUESTS = 0xf0

const MODE_DIRECTION = 0x0c // 0: verify
const MODE_DECREMENT = 0x20
const MASK_AFTER_RESET = 0xff

/** The state of one channel, all of it survives a reset. */
export interface DmaChannelState {
  /** As written, 0..0xffff units. */
  baseAddress: number
  /** As written, units less one, 0..0xffff. */
  baseCount: number
  /** Where the transfer began, in bytes: taken from the base when a high byte is written. */
  address: number
  /** Bytes done since then. */
  position: number
  mode: number
  /** The page register, address bits 16..23. */
  page: number
}

/** The state of a controller as `save()` returns it and `load()` takes it. */
export interface I8257State {
  readonly flipFlop: 0 | 1
  readonly status: number
  readonly mask: number
  readonly command: number
  readonly channels: readonly Readonly<DmaChannelState>[]
}

/**
 * One of the PC's two DMA controllers, with QEMU's behaviour where the chip's differs:
 * - the command register, request modes, transfer direction and auto-initialize have no effect; terminal count does not mask;
 * - all 8 mask bits are kept, and register 9 reads them back (the chip cannot read its mask);
 * - a decrementing transfer ends one byte below the chip's; no transfer wraps at 64 KiB;
 * - each block that a device moves in a decrementing transfer lies in memory in ascending order, where the chip would go
 *   down byte by byte; reading one, the device gets the block's upper half turned round and then again as it is;
 * - the address written shows only once a high byte follows; the temporary register reads 0;
 * - past the last register reads give 0 and writes do nothing, for accesses that run over it.
 *
 * Transfers happen when something makes them possible: a request, an unmasking, `raiseRequest`, `run`. Each asks the
 * channel's handler once, so neither a guest nor a device can hold the host in a loop here.
 */
export class I8257 implements PortDevice {
  readonly name: string
  /** The page registers, a device of its own beside the controller's ports. */
  readonly pages: PortDevice
  readonly #config: I8257Config
  readonly #memory: DmaMemory | undefined
  readonly #shift: 0 | 1
  readonly #channels: readonly DmaChannelState[] = Array.from({ length: CHANNELS }, idleChannel)
  readonly #handlers: (DmaHandler | undefined)[] = [undefined, undefined, undefined, undefined]
  #flipFlop: 0 | 1 = 0
  #status = 0
  #mask = MASK_AFTER_RESET
  #command = 0
  #scanning = false

  /**
   * @param memory what transfers read and write; without it they read 0xff and their writes vanish.
   * @throws {TypeError} if it lacks a method.
   */
  constructor(
    config: I8257Config = I8257_PRIMARY,
    memory?: DmaMemory,
    { pastPageRegisters = 0xff }: I8257Options = {},
  ) {
    this.name = config.name
    this.#config = config
    this.#shift = config.shift
    this.#memory = checkMethods('memory', memory, ['read', 'write'])
    this.pages = new DmaPages(`${config.name} pages`, this.#channels, pastPageRegisters)
  }

  /** Maps the registers and the page registers at this controller's own ports. */
  attach(bus: IoPortBus): PortMapping[] {
    const { base, shift, pageBase } = this.#config
    return [bus.map(base, (Mask.Register + 1) << shift, this), ...mapDmaPages(bus, pageBase, this.pages)]
  }

  read8(offset: number): number {
    const register = offset >> this.#shift
    const channel = this.#channels[register >> 1]
    if (channel !== undefined) return this.#nextByte(this.#current(channel, register))
    if (register === Register.Command) {
      const status = this.#status
      this.#status &= STATUS_REQUESTS
      return status
    }
    return register === Register.Request ? this.#mask : 0
  }

  // One method, written out: V8 calls a method of more than 460 bytes of bytecode where it would inline a smaller one.
  // Inlined, two controllers would fill the bus's dispatch, which then is not inlined itself (docs/benchmarks.md).
  write8(offset: number, value: number): void {
    const register = offset >> this.#shift
    const channel = value & Mask.Channel
    switch (register) {
      case Register.Address0:
      case Register.Address1:
      case Register.Address2:
      case Register.Address3: {
        const state = this.#channels[register >> 1] as DmaChannelState
        if (this.#flipFlop === 0) {
          this.#flipFlop = 1
          state.baseAddress = (state.baseAddress & Mask.HighByte) | value
        } else {
          this.#flipFlop = 0
          state.baseAddress = (state.baseAddress & Mask.LowByte) | (value << 8)
          state.address = state.baseAddress << this.#shift
          state.position = 0
        }
        return
      }
      case Register.Count0:
      case Register.Count1:
      case Register.Count2:
      case Register.Count3: {
        const state = this.#channels[register >> 1] as DmaChannelState
        if (this.#flipFlop === 0) {
          this.#flipFlop = 1
          state.baseCount = (state.baseCount & Mask.HighByte) | value
        } else {
          this.#flipFlop = 0
          state.baseCount = (state.baseCount & Mask.LowByte) | (value << 8)
          state.address = state.baseAddress << this.#shift
          state.position = 0
        }
        return
      }
      case Register.Command:
        if ((value & ~COMMAND_SUPPORTED) === 0) this.#command = value
        return
      case Register.Mode: {
        const state = this.#channels[channel] as DmaChannelState
        state.mode = value
        return
      }
      case Register.ClearFlipFlop:
        this.#flipFlop = 0
        return
      case Register.MasterClear:
        this.reset()
        return
      case Register.Request:
        this.#status = setBit(this.#status, channel + Shift.Request, value & Mask.Set) & ~(1 << channel)
        break
      case Register.SingleMask:
        this.#mask = setBit(this.#mask, channel, value & Mask.Set)
        break
      case Register.ClearMask:
        this.#mask = 0
        break
      case Register.AllMask:
        this.#mask = value
    }
    if ((this.#status >> Shift.Request) & ~this.#mask) this.run()
  }

  /** Back to power-on: flip-flop, status, mask and command. Addresses, counts, modes and pages stay as they are. */
  reset(): void {
    this.#flipFlop = 0
    this.#status = 0
    this.#mask = MASK_AFTER_RESET
    this.#command = 0
  }

  /**
   * Gives a channel to a device; `undefined` takes it away.
   * @param channel 0..3 within this controller.
   * @throws {RangeError | TypeError} if there is no such channel.
   */
  connect(channel: number, handler: DmaHandler | undefined): void {
    this.#handlers[checkChannel(channel)] = handler
  }

  /** Raises DREQ: the device wants to transfer. It stays raised until dropped. */
  raiseRequest(channel: number): void {
    this.#status |= 1 << (checkChannel(channel) + Shift.Request)
    this.run()
  }

  /** Drops DREQ. */
  dropRequest(channel: number): void {
    this.#status &= ~(1 << (checkChannel(channel) + Shift.Request))
  }

  /**
   * Asks the handler of every requested, unmasked channel once, channel 0 first. A device that moved only part of its
   * transfer and keeps its request raised calls this when it can go on. A channel that is requested from within a handler
   * has its turn after the others, unless it had one.
   */
  run(): void {
    if (this.#scanning) return
    this.#scanning = true
    try {
      let left = ALL_CHANNELS
      let before: number
      do {
        before = left
        left = this.#scan(left)
      } while (left !== before)
    } finally {
      this.#scanning = false
    }
  }

  /**
   * Device reads memory through its channel: fills `into` from `position` bytes into the transfer.
   * A verify transfer leaves `into` as it was.
   */
  readMemory(channel: number, into: Uint8Array, position: number): void {
    const state = this.#state(channel)
    if ((state.mode & MODE_DIRECTION) === 0) return
    if (this.#memory === undefined) into.fill(0xff)
    else this.#memory.read(physicalAddress(state, position, into.length), into)
    if (state.mode & MODE_DECREMENT) turnRoundAsQemu(into)
  }

  /**
   * Device writes memory through its channel: stores `from` at `position` bytes into the transfer.
   * A verify transfer touches no memory.
   */
  writeMemory(channel: number, from: Uint8Array, position: number): void {
    const state = this.#state(channel)
    if ((state.mode & MODE_DIRECTION) === 0) return
    this.#memory?.write(physicalAddress(state, position, from.length), from)
  }

  /** The registers, as plain data. */
  save(): I8257State {
    return {
      flipFlop: this.#flipFlop,
      status: this.#status,
      mask: this.#mask,
      command: this.#command,
      channels: this.#channels.map((channel) => ({ ...channel })),
    }
  }

  /** Takes what `save()` gave; the caller has checked it. No transfer starts from it. */
  load(state: I8257State): void {
    this.#flipFlop = state.flipFlop
    this.#status = state.status
    this.#mask = state.mask
    this.#command = state.command
    for (const [index, channel] of this.#channels.entries()) Object.assign(channel, state.channels[index])
  }

  /** What an address or count register shows, both bytes of it. */
  #current(channel: DmaChannelState, register: number): number {
    const { address, baseCount, position, mode } = channel
    if (register & COUNT_REGISTER) return ((baseCount << this.#shift) - position) >> this.#shift
    return (mode & MODE_DECREMENT ? address - position : address + position) >> this.#shift
  }

  /** The byte of `word` that the flip-flop points at; the next access means the other one. */
  #nextByte(word: number): number {
    const high = this.#flipFlop
    this.#flipFlop = high ? 0 : 1
    return (high ? word >> 8 : word) & Mask.LowByte
  }

  /** Asks those of `channels`, a bit for each, that are ready. Returns the others. */
  #scan(channels: number): number {
    let others = channels
    for (let channel = 0; channel < CHANNELS; channel++) {
      if (channels & (1 << channel) && this.#transfer(channel)) others &= ~(1 << channel)
    }
    return others
  }

  /** Returns whether there was a handler to ask. */
  #transfer(channel: number): boolean {
    const handler = this.#handlers[channel]
    const ready = (this.#status >> Shift.Request) & ~this.#mask & (1 << channel)
    if (handler === undefined || ready === 0) return false
    const state = this.#state(channel)
    const length = (state.baseCount + 1) << this.#shift
    const answer = handler(Math.min(state.position, length), length)
    state.position = checkInteger(`${this.name}: channel ${channel}: position`, answer, 0, length)
    if (state.position === length) this.#status |= 1 << channel
    return true
  }

  #state(channel: number): DmaChannelState {
    const state = this.#channels[checkChannel(channel)]
    if (state === undefined) throw new RangeError(`channel ${channel} has no state`)
    return state
  }
}

function idleChannel(): DmaChannelState {
  return { baseAddress: 0, baseCount: 0, address: 0, position: 0, mode: 0, page: 0 }
}

function checkChannel(channel: number): number {
  return checkInteger('channel', channel, 0, CHANNELS - 1)
}

function setBit(bits: number, bit: number, on: number): number {
  return on ? bits | (1 << bit) : bits & ~(1 << bit)
}

/** What a decrementing read makes of the bytes, which lie in ascending order: its lower half becomes the upper one, last byte first. */
function turnRoundAsQemu(bytes: Uint8Array): void {
  const last = bytes.length - 1
  for (let i = 0; i < last - i; i++) bytes[i] = bytes[last - i] ?? 0
}

/** Where `size` bytes at `position` begin: upwards from the address, or downwards to it for a decrementing transfer. */
function physicalAddress(state: DmaChannelState, position: number, size: number): number {
  const start = (state.page << 16) | state.address
  return (state.mode & MODE_DECREMENT ? start - position - size : start + position) >>> 0
}

/**
 * Returns `value` as the state of such a controller, a copy.
 * @throws {OptionTypeError | OptionRangeError} naming the path of the first field that is wrong.
 */
export function parseI8257State(path: string, value: unknown, { shift }: I8257Config): I8257State {
  const { flipFlop, status, mask, command, channels } = readObject(path, value)
  return {
    flipFlop: checkInteger(`${path}.flipFlop`, flipFlop, 0, 1) === 1 ? 1 : 0,
    status: checkInteger(`${path}.status`, status, 0, BYTE),
    mask: checkInteger(`${path}.mask`, mask, 0, BYTE),
    command: checkInteger(`${path}.command`, command, 0, BYTE),
    channels: readArray(`${path}.channels`, channels, CHANNELS, CHANNELS, (channelPath, channel) =>
      parseChannel(channelPath, channel, shift),
    ),
  }
}

function parseChannel(path: string, value: unknown, shift: number): DmaChannelState {
  const { baseAddress, baseCount, address, position, mode, page } = readObject(path, value)
  return {
    baseAddress: checkInteger(`${path}.baseAddress`, baseAddress, 0, WORD),
    baseCount: checkInteger(`${path}.baseCount`, baseCount, 0, WORD),
    address: checkInteger(`${path}.address`, address, 0, WORD << shift),
    position: checkInteger(`${path}.position`, position, 0, (WORD + 1) << shift),
    mode: checkInteger(`${path}.mode`, mode, 0, BYTE),
    page: checkInteger(`${path}.page`, page, 0, BYTE),
  }
}

// The machine's hold on v86: stops the guest right after the instruction it is in, lets it go on, resets it.

import { messageOf } from '../common/message-of.js'
import type { CpuControl } from '../machine/cpu-control.js'
import { takeLastWords } from './last-words.js'
import { PowerOnState } from './power-on-state.js'
import { InstructionInterrupted } from './string-instruction.js'
import { limitTurns } from './turn-limit.js'
import type { V86Core } from './v86-internals.js'

/** Interrupt enable flag in EFLAGS. */
const INTERRUPT_FLAG = 0x200
/** Milliseconds. v86 ends a turn by itself after one, provided that no 100,000 instructions take longer. */
const LONG_TURN = 10
/** Milliseconds up to which turns are joined: limiting one costs 0.1 ms. */
const JOINED_TURNS = 3
/**
 * Each turn that is left in the middle takes 6 KiB of v86's stack of 1 MiB with it, unless the stack pointer can be set
 * back.
 */
const MOST_LOST_FRAMES = 100

/** v86 itself failed while it ran the guest; `cause` is what it threw. The guest cannot go on. */
export class EmulatorFault extends Error {
  override readonly name = 'EmulatorFault'

  /** @param words what v86 said before. */
  constructor(cause: unknown, words?: string) {
    super(`v86 failed while it ran the guest: ${words ?? messageOf(cause)}`, { cause })
  }
}

/**
 * v86 says so of an exception that the guest's interrupt table has no room or no segment for. A PC then tries another
 * exception, and at the third resets: a triple fault.
 */
const TRIPLE_FAULT = /Unimplemented: (#(GP|TS) handler|CS selector is (null|invalid))/

/** What v86 does by itself, to be told. Neither may throw. */
export interface V86Hooks {
  /** The guest, or a caller of `emulator.restart()`, wants a reset; it is done by `reset()` only. */
  onGuestReset(): void
  /** v86 failed. */
  onFault(fault: EmulatorFault): void
}

/**
 * `CpuControl` of a v86 emulator.
 *
 * v86 runs the guest in turns of about a millisecond and can be told to stop between two of them only. Within a turn the
 * guest is therefore frozen: v86 is made to believe that the processor has halted with interrupts off, which ends the
 * turn after the instruction under way. Both are taken back when the turn is over, so whoever looks at a stopped guest
 * (or saves it) finds what the guest itself made.
 */
export class V86CpuControl implements CpuControl {
  readonly #core: V86Core
  /** v86's own reset, and what it lacks. */
  readonly #reboot: () => void
  /** What the guest had while it is frozen: whether it was halted, and its interrupt flag. */
  #frozen: { readonly halted: number; readonly interruptFlag: number } | undefined
  #inTurn = false
  #turnBegan = 0
  #paused: boolean
  #resetPending = false
  #off = false
  #lostFrames = 0

  /** @param paused the guest waits for `resume()` before its next instruction. */
  constructor(core: V86Core, paused: boolean) {
    this.#core = core
    this.#paused = paused
    const powerOnState = new PowerOnState(core.cpu)
    const reboot = core.cpu.reboot_internal.bind(core.cpu)
    this.#reboot = () => {
      reboot()
      powerOnState.restore()
    }
  }

  /** Puts itself between v86 and its processor: around each turn and in the place of v86's reset. */
  takeOver({ onGuestReset, onFault }: V86Hooks, turnLimitMs: number): void {
    const { cpu } = this.#core
    const turn = cpu.main_loop
    const turns = limitTurns(() => this.#joinTurns(turn), turnLimitMs)
    cpu.main_loop = () => this.#takeTurn(turns, { onGuestReset, onFault })
    cpu.reboot_internal = () => {
      if (!this.abandoned) onGuestReset()
    }
  }

  /** Whether the guest's instruction under way has been overtaken: by a reset or by the end of the machine. */
  get abandoned(): boolean {
    return this.#resetPending || this.#off
  }

  /** Whether the turn under way ends with the instruction under way. */
  get frozen(): boolean {
    return this.#frozen !== undefined
  }

  /** Whether v86 is within a turn, that is, whether the caller was called by the guest's own instruction. */
  get inTurn(): boolean {
    return this.#inTurn
  }

  /**
   * Ends the turn under way if it has become long. To be called after what a guest can make expensive: 100,000 writes
   * to a port in one turn, each with listeners, would keep everything else in the process waiting.
   */
  endLongTurn(): void {
    if (this.#inTurn && performance.now() - this.#turnBegan > LONG_TURN) this.#freeze()
  }

  pause(): void {
    this.#paused = true
    if (this.#inTurn) this.#freeze()
    else this.#stop()
  }

  resume(): void {
    this.#paused = false
    if (!this.#inTurn) this.#core.run()
    else if (!this.#resetPending) this.#thaw()
  }

  reset(): void {
    if (!this.#inTurn) {
      this.#reboot()
      return
    }
    // v86 may be within compiled code that holds registers of its own, so it has to come out first.
    this.#freeze()
    this.#resetPending = true
  }

  powerOff(): void {
    this.#off = true
    this.pause()
  }

  #joinTurns(turn: () => number): number {
    for (;;) {
      const wait = turn()
      const isOver = wait > 0 || this.frozen || this.#core.stopping
      if (isOver || performance.now() - this.#turnBegan > JOINED_TURNS) return wait
    }
  }

  #takeTurn(turn: () => number, { onGuestReset, onFault }: V86Hooks): number {
    if (this.#paused) {
      this.#stop()
      return 0
    }
    this.#inTurn = true
    this.#turnBegan = performance.now()
    const { __stack_pointer: stackPointer } = this.#core.cpu.wm.exports
    const stackTop = stackPointer?.value
    let wait = 0
    let fault: EmulatorFault | undefined
    let tripleFault = false
    try {
      wait = turn()
    } catch (error) {
      if (stackPointer !== undefined && stackTop !== undefined) stackPointer.value = stackTop
      else this.#lostFrames++
      const goesOn = error instanceof InstructionInterrupted && this.#lostFrames < MOST_LOST_FRAMES
      const words = takeLastWords(this.#core.cpu.wm.exports)
      tripleFault = words !== undefined && TRIPLE_FAULT.test(words) && this.#lostFrames < MOST_LOST_FRAMES
      if (!goesOn && !tripleFault) fault = new EmulatorFault(error, words)
    }
    if (tripleFault && !this.abandoned) onGuestReset()
    this.#inTurn = false
    if (this.#thaw()) wait = 0
    if (fault !== undefined) onFault(fault)
    if (this.#resetPending) {
      this.#resetPending = false
      this.#reboot()
    }
    return wait
  }

  #stop(): void {
    this.#core.stop()
    // A halted guest waits up to 100 ms for its next turn, and only there v86 sees that it is to stop.
    this.#core.cpu.stop_idling()
  }

  #freeze(): void {
    if (this.#frozen !== undefined) return
    const { in_hlt: halted, flags } = this.#core.cpu
    this.#frozen = { halted: halted[0] ?? 0, interruptFlag: (flags[0] ?? 0) & INTERRUPT_FLAG }
    halted[0] = 1
    flags[0] = (flags[0] ?? 0) & ~INTERRUPT_FLAG
  }

  /** @returns whether the guest was frozen. */
  #thaw(): boolean {
    if (this.#frozen === undefined) return false
    const { in_hlt: halted, flags } = this.#core.cpu
    halted[0] = this.#frozen.halted
    flags[0] = (flags[0] ?? 0) | this.#frozen.interruptFlag
    this.#frozen = undefined
    return true
  }
}

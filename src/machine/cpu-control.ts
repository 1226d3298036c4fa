// What the machine asks of the emulator around it, and nothing more.

/**
 * The machine's hold on the CPU that runs the guest. Calls come synchronously, often from inside the guest's own OUT
 * instruction, after the machine's state has changed; they must not throw.
 */
export interface CpuControl {
  /** Stop executing; the guest stands right after the instruction it is in. Not called twice without a `resume`. */
  pause(): void
  /** Go on executing where the guest stood, or at the reset vector if `reset` came in between. */
  resume(): void
  /** Put the CPU and the emulator's own devices into their state after a reset. Running stays running, paused stays paused. */
  reset(): void
  /** The machine has ended; no further call will come. */
  powerOff(): void
}

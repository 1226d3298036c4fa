// Ends a turn of v86 that does not end by itself: a single instruction of a guest can take minutes.

/** The parts of Node that do it. */
interface NodeVm {
  readonly Script: new (
    code: string,
  ) => { runInThisContext(options: { timeout: number; displayErrors: false }): unknown }
}
interface NodeProcess {
  getBuiltinModule?(name: string): unknown
}

/** Where the script finds what it is to call. */
const TURN = Symbol.for('isa-pvpanic.turn')
const CODE = `globalThis[Symbol.for('${TURN.description}')]()`
const TIMED_OUT = 'ERR_SCRIPT_EXECUTION_TIMEOUT'

/** A turn was ended from outside, in the middle of an instruction. */
export class TurnTimeout extends Error {
  override readonly name = 'TurnTimeout'
}

/**
 * Calls of `turn` that are ended after so many milliseconds, wherever they are, by a `TurnTimeout`. In WebAssembly only the
 * host can do that: Node does, a browser does not; there the calls are unlimited, as for a limit of Infinity.
 */
export function limitTurns(turn: () => number, limitMs: number): () => number {
  const { process } = globalThis as { process?: NodeProcess }
  const vm = process?.getBuiltinModule?.('node:vm') as NodeVm | undefined
  if (vm === undefined || limitMs === Number.POSITIVE_INFINITY) return turn
  const script = new vm.Script(CODE)
  const shared = globalThis as { [TURN]?: () => number }
  return () => {
    shared[TURN] = turn
    try {
      return script.runInThisContext({ timeout: limitMs, displayErrors: false }) as number
    } catch (error) {
      if ((error as { code?: unknown }).code !== TIMED_OUT) throw error
      throw new TurnTimeout(`an instruction of the guest, or a listener, took longer than ${limitMs} ms`)
    }
  }
}

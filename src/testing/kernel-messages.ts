// The serial line as a kernel engineer reads it: what a Linux kernel prints when it starts, fails and gives up.

/** Characters of a line that are looked at. */
const LONGEST_LINE = 1000
/** Lines of an oops or a panic that are kept. */
const MOST_LINES = 60

const STARTS = /\bLinux version \d/
const PANICS = /(?<!end )Kernel panic - not syncing/
const GIVES_UP = /end Kernel panic|Rebooting in \d+ seconds/
/** Lines that begin what a kernel prints of a failure. */
const FAILS =
  /(?<!end )Kernel panic - not syncing|\bOops:|\bBUG:|general protection fault|Unable to handle kernel|stack-protector:/
const NO_INIT = /No working init found|Attempted to kill init|VFS: Unable to mount root fs|VFS: Cannot open root device/

/** What a kernel has said so far. */
export class KernelMessages {
  /** How often a kernel has started. */
  starts = 0
  /** The line of the latest panic, until a kernel starts again. */
  panic: string | undefined
  /** Whether the panic is over: the kernel has done all that it does about one. */
  isOver = false
  /** Whether a kernel started after one had panicked, without a reset of the machine. */
  startedAfterPanic = false
  /** Whether no root file system, or no init, was found. */
  lacksInit = false
  /** The lines from the first failure on: oops, call trace, panic. */
  readonly failure: string[] = []
  #line = ''

  /** @returns whether anything of this has changed. */
  read(text: string): boolean {
    let changed = false
    for (const part of text.split(/(?<=\n)/)) {
      this.#line = (this.#line + part).slice(0, LONGEST_LINE)
      if (!part.endsWith('\n')) continue
      changed = this.#take(this.#line.trimEnd()) || changed
      this.#line = ''
    }
    return changed
  }

  /** The machine was reset: a kernel that starts now is no crash kernel. */
  reset(): void {
    this.panic = undefined
    this.isOver = false
  }

  #take(line: string): boolean {
    if (this.failure.length > 0 || FAILS.test(line)) {
      if (this.failure.length < MOST_LINES) this.failure.push(line)
    }
    if (STARTS.test(line)) {
      this.starts++
      this.startedAfterPanic = this.panic !== undefined
      this.isOver = this.startedAfterPanic
      return true
    }
    if (NO_INIT.test(line)) this.lacksInit = true
    if (PANICS.test(line)) this.panic = line.replace(/^\[[ \d.]+\] /, '')
    else if (this.panic !== undefined && GIVES_UP.test(line)) this.isOver = true
    else return false
    return true
  }
}

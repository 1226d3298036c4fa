// A command for the shell on a guest's serial line: what is typed, and how its output and exit code are found again.

/** What a command did. */
export interface CommandResult {
  /** 0..255. */
  readonly exitCode: number
  /** What it printed, with line feeds alone at the ends of lines. The kernel's own lines are among it. */
  readonly output: string
}

/**
 * @param id one that the guest has not seen.
 * @returns the text to type, and what finds the result in the text that the guest prints from then on.
 */
export function shellCommand(
  command: string,
  id: number,
): { text: string; resultIn(printed: string): CommandResult | undefined } {
  // A terminal may echo what is typed: the quotes keep the echo from looking like the result.
  const typed = `echo "ran""-${id}" $?`
  const end = new RegExp(`(?:^|\\n)?ran-${id} (\\d+)\\n`)
  return {
    text: `${command}\n${typed}\n`,
    resultIn(printed) {
      const text = printed.replace(/\r/g, '')
      const found = end.exec(text)
      if (found === null) return undefined
      const lines = text.slice(0, found.index).split('\n')
      const isEcho = (line: string) =>
        line.endsWith(typed) || (command !== '' && line.endsWith(command.split('\n')[0] ?? ''))
      const output = lines.filter((line) => !isEcho(line)).join('\n')
      return { exitCode: Number(found[1]), output: output.replace(/\n?$/, output.trim() === '' ? '' : '\n') }
    },
  }
}

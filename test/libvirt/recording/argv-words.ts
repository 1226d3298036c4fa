// The words of a command line that libvirt prints, and those of them that concern a panic.

/** Splits a shell command line as libvirt quotes it: single quotes only, and a backslash outside of them. */
export function shellWords(line: string): string[] {
  const words = line.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? []
  return words.map((word) =>
    word.replace(/'([^']*)'|\\(.)/g, (_, quoted?: string, plain?: string) => quoted ?? plain ?? ''),
  )
}

/** The defaults of other devices are of no concern. */
const PANIC_GLOBAL = /^(pvpanic|ICH9-LPC\.noreboot)/

/** The options that a panic or the end of the guest's run depends on, and everything that was passed through. */
export function relevantWords(words: readonly string[], passedThrough: readonly string[]): string[] {
  const kept: string[] = []
  const starts = words.findIndex((_, start) => passedThrough.every((word, offset) => words[start + offset] === word))
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const value = words[index + 1] ?? ''
    if (passedThrough.length > 0 && index === starts) {
      kept.push(...passedThrough)
      index += passedThrough.length - 1
    } else if (word === '-no-shutdown' || word === '-no-reboot') kept.push(word)
    else if (word === '-action' || (word === '-global' && PANIC_GLOBAL.test(value))) kept.push(word, value)
    else if (word === '-device' && value.includes('pvpanic')) kept.push(word, value)
    else if (word === '-cpu' && value.includes('hv-crash')) kept.push(word, value)
  }
  return kept
}

// What was thrown, as text: JavaScript can throw anything.

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The same of a file that was named already: without the system call and the path with which Node's messages end. */
export function fileErrorOf(error: unknown): string {
  return messageOf(error).replace(/, \w+( '.*)?$/s, '')
}

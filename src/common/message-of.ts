// What was thrown, as text: JavaScript can throw anything.

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

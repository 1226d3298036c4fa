// The exit codes of the command line.

export const EXIT = {
  asExpected: 0,
  unexpected: 1,
  usage: 2,
  fault: 3,
  timedOut: 124,
} as const

// The program isa-pvpanic: its subcommands, and how each end of it becomes an exit code.

import { Command, CommanderError } from 'commander'
import manifest from '../../package.json' with { type: 'json' }
import { messageOf } from '../common/message-of.js'
import { completionCommand } from './completion.js'
import { demoCommand } from './demo.js'
import { domainCommand } from './domain.js'
import { EXIT } from './exit-codes.js'
import { matrixCommand } from './matrix.js'
import { runCommand } from './run/run.js'
import { serveCommand } from './serve.js'
import { type Streams, Terminal } from './terminal.js'
import { traceCommand } from './trace/trace.js'
import { UsageError } from './usage-error.js'

/**
 * Does what the arguments say.
 * @param args without the program's own name.
 * @returns the exit code.
 */
export async function isaPvpanic(args: readonly string[], streams: Streams): Promise<number> {
  const terminal = new Terminal(streams)
  let exitCode: number = EXIT.asExpected
  const finish = (code: number) => {
    exitCode = code
  }
  const program = new Command('isa-pvpanic').description(
    'The ISA pvpanic device: boot guests, watch them panic, ask what a manager would do.',
  )
  program.version(manifest.version)
  const commands = [
    demoCommand(terminal),
    runCommand(terminal, finish),
    serveCommand(terminal, finish),
    traceCommand(terminal, finish),
    matrixCommand(terminal, finish),
    domainCommand(terminal, finish),
    completionCommand(terminal, program),
  ]
  for (const command of commands) program.addCommand(command)
  configure(program, terminal)
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.asExpected : EXIT.usage
    terminal.err(`isa-pvpanic: ${messageOf(error)}\n`)
    return error instanceof UsageError ? EXIT.usage : EXIT.fault
  }
}

/** Lets a command and those below it write to the terminal, and end by an exception rather than the process. */
function configure(command: Command, terminal: Terminal, above = ''): void {
  const whole = `${above}${command.name()}`
  command.exitOverride().configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
  command.showHelpAfterError(`(see ${whole} --help)`)
  for (const below of command.commands) configure(below, terminal, `${whole} `)
}

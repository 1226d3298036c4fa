// `isa-pvpanic serve`: a machine behind QMP and qtest sockets.

import { Command, Option } from 'commander'
import { pick } from '../common/pick.js'
import { Machine } from '../machine/machine.js'
import type { MachineOptions } from '../machine/machine-options.js'
import { newerVersionWarning } from '../machine/qemu-versions.js'
import type { PanicMode } from '../machine/transitions.js'
import { GuestMemory } from '../monitor/qtest/guest-memory.js'
import { MonitorServer } from '../monitor/server/serve.js'
import { type SocketAddress, showSocketAddress } from '../qemu-options/socket-address.js'
import { quitOnSignals } from './end-signals.js'
import {
  iobaseOption,
  onPanicOption,
  parseAddress,
  parseCount,
  parseEvents,
  parsePort,
  repeated,
  sizeUpTo,
} from './option-values.js'
import type { Terminal } from './terminal.js'
import { refusing } from './usage-error.js'

interface ServeCommandOptions {
  readonly qmp?: readonly SocketAddress[]
  readonly qtest?: readonly SocketAddress[]
  readonly iobase: number
  readonly events?: number
  readonly onPanic: PanicMode
  readonly resetLimit?: number
  readonly exitFailure?: boolean
  readonly shutdown: boolean
  readonly reboot: boolean
  readonly startPaused?: boolean
  readonly debugExit?: number
  readonly memory: number
  readonly name?: string
  readonly qemu?: string
  readonly machineType?: string
}

const DEFAULT_MEMORY = 128 << 20

/** @param finish told of the exit code, which is the machine's own. */
export function serveCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  return new Command('serve')
    .description('a machine without a CPU behind sockets: QMP watches and steers it, qtest does the guest’s accesses')
    .option('--qmp <address>', 'serve QMP at unix:PATH or tcp:HOST:PORT; any number of times', repeated(parseAddress))
    .option('--qtest <address>', 'serve qtest, likewise', repeated(parseAddress))
    .addOption(iobaseOption())
    .option('--events <mask>', 'what a read of that port shows (default: as the QEMU version)', parseEvents)
    .addOption(onPanicOption())
    .option('--reset-limit <n>', 'under reset: preserve the guest after so many resets', parseCount)
    .option('--exit-failure', 'under destroy: exit with code 1')
    .option('--no-shutdown', 'pause instead of ending')
    .option('--no-reboot', 'end instead of resetting')
    .option('--start-paused', 'wait for cont')
    .option('--debug-exit <port>', 'an isa-debug-exit device at this port, such as 0xf4', parsePort)
    .addOption(
      new Option('--memory <size>', 'guest memory, such as 128M')
        .argParser(sizeUpTo('2047M'))
        .default(DEFAULT_MEMORY, '128M'),
    )
    .option('--name <name>', 'what query-name returns')
    .option('--qemu <version>', 'behave like this QEMU version, such as 7.2 (default: the newest)')
    .option('--machine-type <name>', 'machine type of that version, such as pc-i440fx-1.5 (default: pc)')
    .addHelpText(
      'after',
      `
It ends when the machine does, with the exit code that QEMU would have left with.

Examples:
  isa-pvpanic serve --qmp unix:qmp.sock --qtest unix:qtest.sock
  isa-pvpanic serve --qmp tcp:127.0.0.1:4444 --on-panic destroy --exit-failure`,
    )
    .action(async (options: ServeCommandOptions, command: Command) => {
      if (options.qmp === undefined && options.qtest === undefined) {
        command.error('error: there is nothing to serve; give --qmp unix:PATH, --qtest unix:PATH, or both')
      }
      finish(await serveUntilEnd(options, terminal))
    })
}

async function serveUntilEnd(options: ServeCommandOptions, terminal: Terminal): Promise<number> {
  const memory = new GuestMemory(options.memory)
  const machineOptions: MachineOptions = {
    ...pick(options, ['iobase', 'events', 'onPanic', 'resetLimit', 'startPaused', 'debugExit', 'qemu', 'machineType']),
    panicExitCode: options.exitFailure ? 1 : 0,
    shutdownAction: options.shutdown ? 'poweroff' : 'pause',
    rebootAction: options.reboot ? 'reset' : 'shutdown',
    memory,
  }
  const machine = refusing(() => new Machine(machineOptions))
  const server = new MonitorServer(machine, {
    memory,
    ...pick(options, ['name']),
    onWarning: (text) => terminal.err(`isa-pvpanic: warning: ${text}\n`),
  })
  const newer = newerVersionWarning(machine.qemu)
  if (newer !== undefined) terminal.err(`isa-pvpanic: warning: ${newer}\n`)
  const ignoreSignals = quitOnSignals(machine)
  try {
    for (const protocol of ['qmp', 'qtest'] as const) {
      for (const address of options[protocol] ?? []) {
        const bound = await refusing(() => server.listen(protocol, address))
        terminal.out(`${protocol} ${showSocketAddress(bound)}\n`)
      }
    }
    await server.ended
  } finally {
    ignoreSignals()
    await server.close()
  }
  return machine.exitCode ?? 0
}

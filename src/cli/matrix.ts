// `isa-pvpanic matrix`: the table of Bonzini's proposal of 2013, executed; or the same for real versions.

import { Command, Option } from 'commander'
import { FALLBACKS } from '../libvirt/domain-options.js'
import { type MatrixFilter, optionMatrix, todayMatrix } from '../plan-2013/matrix.js'
import { OPTIONS, PLANNED_ACTIONS, STAGES } from '../plan-2013/plan-panic-notifier.js'
import { explainOptions, explainToday, optionLegend, renderOptions, renderToday } from '../plan-2013/render-matrix.js'
import { EXIT } from './exit-codes.js'
import type { Terminal } from './terminal.js'
import { refusing } from './usage-error.js'

interface MatrixOptions extends Omit<MatrixFilter, 'machineType'> {
  readonly machine?: string
  readonly libvirt?: string
  readonly today?: boolean
  readonly format: 'table' | 'markdown' | 'json'
  readonly explain?: boolean
}

/** @param finish told of the exit code. */
export function matrixCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  return new Command('matrix')
    .description('who decides what follows a panic: the options 1, 2a and 2b of 2013, each row executed')
    .option('--qemu <version>', 'one QEMU version, such as 1.5.4 (planned then, never made)')
    .option('--machine <type>', 'one machine type, such as pc-1.5')
    .addOption(new Option('--option <name>', 'one of the options').choices(OPTIONS).conflicts('today'))
    .addOption(new Option('--on-crash <action>', 'what the domain says').choices(PLANNED_ACTIONS).default('destroy'))
    .addOption(
      new Option('--fallback <action>', 'where ignore cannot be')
        .choices(FALLBACKS)
        .default('destroy')
        .conflicts('today'),
    )
    .addOption(
      new Option('--stage <stage>', 'A: before on_crash=ignore, B: with it')
        .choices(STAGES)
        .default('B')
        .conflicts('today'),
    )
    .option('--today', 'real versions of QEMU and libvirt instead')
    .option('--libvirt <version>', 'with --today: the libvirt version (default: a release of the same period)')
    .addOption(new Option('--format <format>', 'how to print').choices(['table', 'markdown', 'json']).default('table'))
    .option('--explain', 'say for each cell what it rests on')
    .addHelpText(
      'after',
      `
Exit code 0: all rows came out as planned. 1: one did not. 2: usage error.

Examples:
  isa-pvpanic matrix --option 2b --explain
  isa-pvpanic matrix --today --qemu 7.2 --format markdown`,
    )
    .action((options: MatrixOptions, command: Command) => {
      if (options.libvirt !== undefined && options.today !== true) {
        command.error("error: option '--libvirt <version>' can be used with option '--today' only")
      }
      finish(refusing(() => show(options, terminal)))
    })
}

function show({ machine, today, libvirt, format, explain, ...filter }: MatrixOptions, terminal: Terminal): number {
  const { out } = terminal
  const rows = { ...filter, ...(machine === undefined ? {} : { machineType: machine }) }
  if (today) {
    const answers = todayMatrix({ ...rows, ...(libvirt === undefined ? {} : { libvirt }) })
    if (format === 'json') terminal.json(answers, 2)
    else out(renderToday(answers, format))
    if (explain && format !== 'json') out(`\n${explainToday(answers)}`)
    return EXIT.asExpected
  }
  const executed = optionMatrix(rows)
  if (format === 'json') terminal.json(executed, 2)
  else out(renderOptions(executed, format))
  if (format === 'table') out(`\n${optionLegend(executed)}`)
  if (explain && format !== 'json') out(`\n${explainOptions(executed)}`)
  return executed.every(({ disagreements }) => disagreements.length === 0) ? EXIT.asExpected : EXIT.unexpected
}

// `isa-pvpanic domain FILE.xml`: what a libvirt domain would do on a panic, tried out, and the traps in its XML.

import { Command } from 'commander'
import { type Column, renderTable } from '../common/render-table.js'
import type { DomainEvent } from '../libvirt/domain-state.js'
import { DomainXmlError } from '../libvirt/domain-xml-error.js'
import { type CrashOutcome, type Examination, examineDomain } from '../libvirt/examine-domain.js'
import { parseDomainXml } from '../libvirt/parse-domain-xml.js'
import { describeDevices } from '../plan-2013/render-matrix.js'
import { EXIT } from './exit-codes.js'
import type { Terminal } from './terminal.js'
import { refusing } from './usage-error.js'
import { readUserFile } from './user-files.js'

interface DomainCommandOptions {
  readonly qemu?: string
  readonly strict?: boolean
  readonly json?: boolean
}

/** @param finish told of the exit code. */
export function domainCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  return new Command('domain')
    .description('what a libvirt domain would do on a panic: device, port, arguments, each on_crash value, traps')
    .argument('<file>', "the domain's XML, such as `virsh dumpxml` prints; - for standard input")
    .option('--qemu <version>', 'QEMU version, such as 7.2 (default: the newest)')
    .option('--strict', 'refuse what libvirt 9.0 refuses, such as on_crash=ignore')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Exit code 0: the domain would start. 1: it would not. 2: usage error, or no usable XML.

Examples:
  isa-pvpanic domain guest.xml
  virsh dumpxml guest | isa-pvpanic domain - --qemu 7.2`,
    )
    .action(async (file: string, options: DomainCommandOptions) => {
      finish(await refusing(() => examine(file, options, terminal)))
    })
}

async function examine(
  file: string,
  { qemu, strict, json }: DomainCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const xml = (await readUserFile(file)).toString()
  try {
    const examination = examineDomain(parseDomainXml(xml, { dialect: strict ? 'libvirt' : 'message' }), qemu)
    if (json) terminal.json(examination, 2)
    else terminal.out(describe(examination))
    return examination.startError === undefined ? EXIT.asExpected : EXIT.unexpected
  } catch (error) {
    if (!(error instanceof DomainXmlError)) throw error
    terminal.err(`${file}:${error.line}:${error.column}: ${error.reason}\n`)
    return EXIT.usage
  }
}

function describe({ definition, devices, qemuArguments, startError, outcomes, warnings }: Examination): string {
  const { name, machineType, onCrash, onReboot, onPoweroff } = definition
  const shown = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
  const lines = [
    `domain     ${name}${machineType === '' ? '' : `, machine ${machineType}`}`,
    `lifecycle  on_crash ${onCrash}, on_reboot ${onReboot}, on_poweroff ${onPoweroff}`,
    `pvpanic    ${startError === undefined ? describeDevices(devices) : 'the domain would not start'}`,
    `arguments  ${qemuArguments.map(shown).join(' ')}`,
    ...(startError === undefined ? [] : [`error      ${startError}`]),
  ]
  const table = outcomes.length === 0 ? '' : `\n${renderTable(OUTCOME_COLUMNS, outcomes, 'table')}`
  const traps = warnings.length === 0 ? '' : `\n${warnings.map((text) => `warning: ${text}\n`).join('')}`
  return `${lines.join('\n')}\n${table}${traps}`
}

const eventName = (event: DomainEvent): string => (event.name === 'lifecycle' ? event.detail : event.name)

const OUTCOME_COLUMNS: readonly Column<CrashOutcome>[] = [
  {
    title: 'on_crash',
    cell: ({ onCrash, current }) => `${onCrash}${onCrash === 'ignore' ? ' (2013)' : ''}${current ? ' *' : ''}`,
  },
  { title: 'state after a panic', cell: ({ state: { state, reason } }) => `${state} (${reason})` },
  {
    title: 'events',
    cell: ({ action, events }) => {
      const after = events.slice(events.findIndex((event) => eventName(event) === 'Started Booted') + 1)
      return action === 'guest policy' ? 'none: the guest finds no device' : after.map(eventName).join(', ')
    },
  },
]

// `isa-pvpanic domain FILE.xml`: what a libvirt domain would do on a panic, tried out, and the traps in its XML.

import { Command, Option } from 'commander'
import { type Column, renderTable } from '../common/render-table.js'
import { FALLBACKS } from '../libvirt/domain-options.js'
import type { DomainEvent } from '../libvirt/domain-state.js'
import { DomainXmlError } from '../libvirt/domain-xml-error.js'
import { type CrashOutcome, type Examination, type ExamineOptions, examineDomain } from '../libvirt/examine-domain.js'
import { readDomainXml } from '../libvirt/parse-domain-xml.js'
import { describeDevices } from '../plan-2013/render-matrix.js'
import { EXIT } from './exit-codes.js'
import type { Terminal } from './terminal.js'
import { refusing } from './usage-error.js'
import { readUserText } from './user-files.js'

interface DomainCommandOptions extends ExamineOptions {
  /** commander's name for `--proposal-2013`. */
  readonly proposal2013?: boolean
  readonly json?: boolean
}

/** @param finish told of the exit code. */
export function domainCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  return new Command('domain')
    .description('what a libvirt domain would do on a panic: device, port, arguments, each on_crash value, traps')
    .argument('<file...>', 'the XML of a domain, such as `virsh dumpxml` prints; - for standard input')
    .option('--libvirt <version>', 'libvirt version, from 9.0 on (default: the newest known)')
    .option('--qemu <version>', 'QEMU version, such as 7.2 (default: the newest known)')
    .option('--proposal-2013', "take what only Bonzini's proposal of 2013 has: on_crash=ignore, machine type pc-1.5")
    .addOption(
      new Option('--fallback <action>', 'instead of ignore, where QEMU cannot let a panicked guest go on')
        .choices(FALLBACKS)
        .default('destroy'),
    )
    .option('--json', 'print one JSON document: an examination, or a list of them for several files')
    .addHelpText(
      'after',
      `
Exit code 0: every domain would start. 1: one would not, for libvirt's or QEMU's reason. 2: usage error, or no domain XML.

Examples:
  isa-pvpanic domain guest.xml
  virsh dumpxml guest | isa-pvpanic domain - --libvirt 9.0 --qemu 7.2`,
    )
    .action(async (files: string[], options: DomainCommandOptions) => {
      finish(await refusing(() => examineAll(files, options, terminal)))
    })
}

async function examineAll(
  files: readonly string[],
  options: DomainCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const { json, ...examineOptions } = options
  let exitCode: number = EXIT.asExpected
  const examinations: Examination[] = []
  for (const file of files) {
    const examination = await examine(file, examineOptions, terminal)
    if (examination === undefined) exitCode = EXIT.usage
    else examinations.push(examination)
    if (examination?.startError !== undefined && exitCode === EXIT.asExpected) exitCode = EXIT.unexpected
    if (json || examination === undefined) continue
    if (examinations.length > 1) terminal.out('\n')
    if (files.length > 1) terminal.out(`file       ${file}\n`)
    terminal.out(describe(examination))
  }
  const [only] = examinations
  if (json && (files.length > 1 || only !== undefined)) terminal.json(files.length === 1 ? only : examinations, 2)
  return exitCode
}

/** Undefined if it holds no domain XML; that has been said then. */
async function examine(file: string, options: ExamineOptions, terminal: Terminal): Promise<Examination | undefined> {
  const xml = await readUserText(file)
  const { libvirt, proposal2013 } = options
  try {
    const { definition } = readDomainXml(xml, { ...(libvirt && { libvirt }), ...(proposal2013 && { proposal2013 }) })
    return examineDomain(definition, options)
  } catch (error) {
    if (!(error instanceof DomainXmlError)) throw error
    terminal.err(`${file}:${error.line}:${error.column}: ${error.reason}\n${hint(xml, error)}`)
    return undefined
  }
}

/** What the file may be instead. */
function hint(xml: string, { line, reason }: DomainXmlError): string {
  if (/^args: /m.test(xml) && !/^\s*</.test(xml)) {
    return 'hint: this looks like a Proxmox VM configuration, which is no libvirt domain; its args: go to QEMU as they are\n'
  }
  if (reason.startsWith('XML is not well-formed') && /<\/domain>\s*(<\?xml[^>]*>\s*)?<domain[\s>]/.test(xml)) {
    return `hint: a second document begins at line ${line} or before; put each domain into a file of its own\n`
  }
  return reason.endsWith('unknown on_crash action: ignore')
    ? "hint: ignore is of Bonzini's proposal of 2013; --proposal-2013 takes it\n"
    : ''
}

function describe(examination: Examination): string {
  const { definition, libvirt, qemu, devices, otherDevices, qemuArguments, startError, outcomes, warnings } =
    examination
  const { name, machineType, onCrash, onReboot, onPoweroff } = definition
  const shown = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)
  const ports = devices.length === 0 && otherDevices.length > 0 ? 'no device at a port' : describeDevices(devices)
  const others = otherDevices.map((device) => `${device} (not simulated here)`)
  const lines = [
    `assumed    libvirt ${libvirt}, QEMU ${qemu}`,
    `domain     ${name}${machineType === '' ? '' : `, machine ${machineType}`}`,
    `lifecycle  on_crash ${onCrash}, on_reboot ${onReboot}, on_poweroff ${onPoweroff}`,
    `pvpanic    ${startError === undefined ? [ports, ...others].join('; ') : 'the domain would not start'}`,
    `arguments  ${qemuArguments.map(shown).join(' ')}`,
    ...(startError === undefined ? [] : [`error      ${startError}`]),
  ]
  const table = outcomes.length === 0 ? '' : `\n${renderTable(OUTCOME_COLUMNS, outcomes, 'table')}`
  const dumpFile = outcomes.find((outcome) => outcome.dumpFile !== undefined)?.dumpFile
  const dumps = dumpFile === undefined ? '' : `\ncore dump  ${dumpFile}\n`
  const traps = warnings.length === 0 ? '' : `\n${warnings.map((text) => `warning: ${text}\n`).join('')}`
  return `${lines.join('\n')}\n${table}${dumps}${traps}`
}

const eventName = (event: DomainEvent): string => (event.name === 'lifecycle' ? event.detail : event.name)

const OUTCOME_COLUMNS: readonly Column<CrashOutcome>[] = [
  {
    title: 'on_crash',
    cell: ({ onCrash, current }) => `${onCrash}${current ? ' *' : ''}`,
  },
  { title: 'state after a panic', cell: ({ state: { state, reason } }) => `${state} (${reason})` },
  {
    title: 'events',
    cell: ({ action, events, dumpFile }) => {
      if (action === 'guest policy') return 'none: the guest finds no device'
      const names = events.map(eventName)
      const after = names.slice(names.indexOf('Started Booted') + 1)
      const dumped = dumpFile === undefined ? [] : ['DUMP_COMPLETED']
      return after.flatMap((name) => (name === 'Crashed Panicked' ? [name, ...dumped] : [name])).join(', ')
    },
  },
]

// Records what NASM makes of the instructions and programs that the assembler's tests use: npx tsx test/testing/record-nasm.ts

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Instruction, instructions, instructions32, labels } from './instructions.js'
import { programs } from './programs.js'

export interface NasmRecording {
  readonly nasm: string
  /** NASM's text of an instruction, and its bytes in hexadecimal. */
  readonly instructions: Record<string, string>
  /** The same in 32-bit mode. */
  readonly instructions32: Record<string, string>
  readonly labels: string
  /** Whole programs, each as the source given to NASM and the bytes it made. */
  readonly programs: Record<string, { source: string; bytes: string }>
}

const folder = mkdtempSync(join(tmpdir(), 'nasm-'))

function nasm(source: string): { bytes: Buffer; listing: string } {
  const files = { source: join(folder, 'in.asm'), bytes: join(folder, 'out.bin'), listing: join(folder, 'out.lst') }
  writeFileSync(files.source, source)
  execFileSync('nasm', ['-f', 'bin', '-o', files.bytes, '-l', files.listing, files.source])
  return { bytes: readFileSync(files.bytes), listing: readFileSync(files.listing, 'latin1') }
}

function version(): string {
  try {
    return execFileSync('nasm', ['-v'], { encoding: 'utf8' }).trim()
  } catch {
    console.error('record-nasm: no nasm on the PATH; on Debian: apt-get install nasm')
    process.exit(1)
  }
}

/** NASM's listing line: its number, then (for a line with code) the address and the bytes, then the source. */
const listingLine = /^ *(\d+) [0-9A-F]{8} (\S+)/

function recordInstructions(bits: 16 | 32, instructions: readonly Instruction[]): Record<string, string> {
  // A label of its own for each line, as NASM wants a name only once.
  const lines = instructions.map(({ nasm: text }, index) => text.replaceAll('here', `here${index}`))
  const recorded: Record<string, string> = {}
  for (const line of nasm([`bits ${bits}`, ...lines].join('\n')).listing.split('\n')) {
    const [, number, bytes] = listingLine.exec(line) ?? []
    const instruction = instructions[Number(number) - 2]
    if (instruction && bytes) recorded[instruction.nasm] = bytes.replace(/[^0-9A-F]/g, '').toLowerCase()
  }
  const missing = instructions.filter((instruction) => !(instruction.nasm in recorded))
  if (missing.length) throw new Error(`no bytes in NASM's listing for ${missing.map(({ nasm }) => nasm).join('; ')}`)
  return recorded
}

try {
  const recording: NasmRecording = {
    nasm: version(),
    instructions: recordInstructions(16, instructions),
    instructions32: recordInstructions(32, instructions32),
    labels: nasm(`bits 16\norg ${labels.origin}\n${labels.nasm}\n`).bytes.toString('hex'),
    programs: Object.fromEntries(
      Object.entries(programs).map(([name, program]) => {
        const source = program.toNasm()
        return [name, { source, bytes: nasm(source).bytes.toString('hex') }]
      }),
    ),
  }
  writeFileSync(new URL('nasm-recording.json', import.meta.url), `${JSON.stringify(recording, null, 1)}\n`)
  const count = Object.keys(recording.instructions).length + Object.keys(recording.instructions32).length
  console.log(`${count} instructions recorded from ${recording.nasm}`)
} finally {
  rmSync(folder, { recursive: true })
}

// `npx tsx test/firmware/record-iasl.ts`: has iasl disassemble every table and assemble it again, without a complaint.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IASL_RECORDING_PATH, type IaslRecording, withoutCompiler } from './iasl-recording.js'
import { allTables } from './tables.js'

function iaslVersion(): string {
  try {
    const line = execFileSync('iasl', ['-v'], { encoding: 'utf8' })
      .split('\n')
      .find((text) => text.includes('version'))
    return line?.trim() ?? 'iasl'
  } catch {
    console.error('cannot run iasl. Install it, for example with "apt-get install acpica-tools".')
    process.exit(1)
  }
}

function iasl(folder: string, ...args: string[]): string {
  const { stdout, stderr, status } = spawnSync('iasl', args, { cwd: folder, encoding: 'utf8' })
  const output = stdout + stderr
  // "0 Errors, 0 Warnings, 0 Remarks, 0 Optimizations" is what a clean run says of itself.
  const complaints = output.split('\n').filter((line) => /error|warning|remark|optimization/i.test(line))
  const real = complaints.filter(
    (line) => !/^(?!.*[1-9]\d* (Errors|Warnings|Remarks|Optimizations)).*Compilation succ/.test(line),
  )
  if (status !== 0 || real.length > 0) throw new Error(`iasl ${args.join(' ')}:\n${output}`)
  return output
}

const version = iaslVersion()
const folder = mkdtempSync(join(tmpdir(), 'iasl-'))
try {
  const tables: IaslRecording['tables'] = {}
  for (const { name, bytes } of allTables()) {
    writeFileSync(join(folder, `${name}.aml`), bytes)
    iasl(folder, '-d', `${name}.aml`)
    rmSync(join(folder, `${name}.aml`))
    iasl(folder, `${name}.dsl`)
    const again = withoutCompiler(name, readFileSync(join(folder, `${name}.aml`)))
    tables[name] = Buffer.from(again).toString('base64')
    if (tables[name] !== Buffer.from(withoutCompiler(name, bytes)).toString('base64')) {
      throw new Error(`${name}: iasl assembles its own disassembly to other bytes`)
    }
  }
  const recording: IaslRecording = { program: version, tables }
  writeFileSync(IASL_RECORDING_PATH, `${JSON.stringify(recording, undefined, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

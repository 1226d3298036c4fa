// `npx tsx test/core-dump/record-tools.ts`: has readelf and gdb read the samples, and writes down what they found.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTool } from './run-tool.js'
import { fileOf, PROBES, SAMPLES } from './samples.js'
import { type SampleRecording, sha256, TOOLS_RECORDING_PATH } from './tools-recording.js'

function run(...command: Parameters<typeof runTool>): string {
  const output = runTool(...command)
  if (/warning|error/i.test(output)) throw new Error(`${command.join(' ')}:\n${output}`)
  return output
}

function record(path: string, name: keyof typeof SAMPLES, file: Uint8Array): SampleRecording {
  run('readelf', '-a', path)
  const probes = PROBES[name].flatMap(([address]) => ['-ex', `output/x *(unsigned int *)${address}`, '-ex', 'echo \\n'])
  const gdb = ['-nx', '-batch', '-iex', 'set width 0', '-ex', 'set architecture i386', '-ex', `core-file ${path}`]
  const words = run('gdb', ...gdb, ...probes)
    .trimEnd()
    .split('\n')
    .slice(-PROBES[name].length)
  const registers = run('gdb', ...gdb, '-ex', 'info registers').matchAll(/^(\w+) +(0x[0-9a-f]+) /gm)
  return {
    sha256: sha256(file),
    readelf: run('readelf', '--wide', '--program-headers', '--notes', path)
      .split('\n')
      .map((line) => line.trimEnd()),
    registers: Object.fromEntries([...registers].map(([, register, value]) => [register, value])),
    words,
  }
}

const folder = mkdtempSync(join(tmpdir(), 'core-'))
try {
  const programs = (['readelf', 'gdb'] as const).map((program) => run(program, '--version').split('\n')[0])
  const samples: Record<string, SampleRecording> = {}
  for (const [name, make] of Object.entries(SAMPLES) as [keyof typeof SAMPLES, (typeof SAMPLES)['physical']][]) {
    const path = join(folder, `${name}.core`)
    const file = fileOf(make())
    writeFileSync(path, file)
    samples[name] = record(path, name, file)
  }
  writeFileSync(TOOLS_RECORDING_PATH, `${JSON.stringify({ programs, samples }, undefined, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

// `isa-pvpanic run --domain`: what libvirt does to the guest, beside what QEMU says.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from './run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-run-domain-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function domain(onCrash: string, devices = "<panic model='isa'/>"): string {
  const file = join(folder, `${onCrash}.xml`)
  const xml = `<domain type='qemu'><name>web</name><os><type arch='x86_64' machine='pc'>hvm</type></os>
    <on_crash>${onCrash}</on_crash><devices>${devices}</devices></domain>`
  writeFileSync(file, xml)
  return file
}

/** The entries of a timeline that tell of the domain and the monitor. */
const told = (stdout: string): string[] =>
  stdout.split('\n').flatMap((line) => /^ *[\d.]+ {2}(?:domain|event) +(.*)$/.exec(line)?.[1] ?? [])

describe('isa-pvpanic run --domain', () => {
  it("shows libvirt's states and events beside QEMU's", async () => {
    const { exitCode, stdout } = await run(['run', '--domain', domain('destroy'), '--expect', 'panic'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('domain web under libvirt 11.3: on_crash destroy')
    expect(told(stdout)).toEqual([
      'RESUME',
      'Resumed Unpaused: running (booted)',
      'Started Booted: running (booted)',
      'GUEST_PANICKED action=pause',
      'Crashed Panicked: crashed (panicked)',
      'STOP',
      'SHUTDOWN guest=false reason=host-signal',
      'Shutdown Finished after host request: in shutdown (unknown)',
      'Stopped Crashed: shut off (crashed)',
    ])
  })

  it('writes the core dump into --dump-dir, then restarts the guest', async () => {
    const args = ['run', '--domain', domain('coredump-restart'), '--dump-dir', folder, '--json']
    const { exitCode, stdout } = await run(args)
    expect(exitCode).toBe(0)
    const { domain: state, timeline } = JSON.parse(stdout)
    expect(state.name).toBe('web')
    const texts: string[] = timeline.map(({ text }: { text: string }) => text)
    const [core = ''] = readdirSync(folder).filter((name) => name.startsWith('1-web-'))
    expect(readFileSync(join(folder, core)).subarray(0, 4).toString('latin1')).toBe('\x7fELF')
    const reset = texts.indexOf('RESET guest=false reason=host-qmp-system-reset')
    expect(reset).toBeGreaterThan(texts.indexOf(`core dump written to ${join(folder, core)}`))
    expect(texts.slice(reset)).toContain('Resumed Unpaused: running (crashed)')
  })

  it('says of a panic device that it is not simulated', async () => {
    const { stdout } = await run(['run', '--domain', domain('preserve', "<panic model='pvpanic'/>")])
    expect(stdout).toContain(
      "pvpanic-pci is not simulated here: a guest with a driver Linux's pvpanic-pci would report",
    )
  })

  it.each([
    [['--domain', domain('ignore')], /ignore\.xml:2:5: unsupported configuration: unknown on_crash action: ignore/],
    [['--domain', domain('restart'), '--on-panic', 'log'], /--on-panic has no meaning with --domain/],
    [['--domain', domain('restart'), '--iobase', '5'], /--iobase has no meaning with --domain/],
    [['--libvirt', '9.0'], /--libvirt has a meaning with --domain only/],
    [['--domain', join(folder, 'none.xml')], /none\.xml: cannot be read/],
    [['--domain', domain('restart'), '--libvirt', '1.0'], /libvirt: expected version 9.0 or a later one/],
  ])('refuses %j', async (args, reason) => {
    const { exitCode, stderr } = await run(['run', ...args])
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(reason)])
  })
})

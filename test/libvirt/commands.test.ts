// `isa-pvpanic matrix` and `isa-pvpanic domain` as a shell sees them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { domainCommand } from '../../src/cli/domain.js'
import { matrixCommand } from '../../src/cli/matrix.js'
import { Terminal } from '../../src/cli/terminal.js'
import { run as runProgram } from '../cli/run-program.js'

const folder = mkdtempSync(join(tmpdir(), 'isa-pvpanic-domain-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Result {
  exitCode: number
  out: string
  err: string
}

function start(command: typeof matrixCommand, args: readonly string[]): { result: Result; end: Promise<unknown> } {
  const result = { exitCode: -1, out: '', err: '' }
  const terminal = new Terminal({
    out: (text: string) => {
      result.out += text
    },
    err: (text: string) => {
      result.err += text
    },
    colours: false,
  })
  const finish = (code: number) => {
    result.exitCode = code
  }
  const program = command(terminal, finish).exitOverride().configureOutput({ writeErr: terminal.err })
  return { result, end: program.parseAsync(args, { from: 'user' }) }
}

const matrix = async (...args: string[]): Promise<Result> => {
  const { result, end } = start(matrixCommand, args)
  await end
  return result
}

const examine = async (...args: string[]): Promise<Result> => {
  const { result, end } = start(domainCommand, args)
  await end
  return result
}

async function domain(xml: string, ...args: string[]): Promise<Result> {
  const file = join(folder, 'domain.xml')
  writeFileSync(file, xml)
  return examine(file, ...args)
}

const withDevices = (devices: string, lifecycle = ''): string =>
  `<domain type='qemu'><name>guest</name><os><type arch='x86_64' machine='pc'>hvm</type></os>${lifecycle}<devices>${devices}</devices></domain>`

/** What libvirt adds by itself needs a PCI bus. */
const NO_PCI = "<controller type='usb' model='none'/><memballoon model='none'/>"

describe('isa-pvpanic matrix', () => {
  it.each([
    [],
    ['--on-crash', 'coredump-restart'],
    ['--on-crash', 'ignore', '--fallback', 'preserve', '--explain'],
    ['--stage', 'A', '--explain'],
    ['--today', '--explain'],
  ])('fits into 100 columns and comes out as planned: %j %j', async (...args) => {
    const { exitCode, out } = await matrix(...args)
    expect(exitCode).toBe(0)
    expect(out.split('\n').filter((line) => line.length > 100)).toEqual([])
    expect(out.split('\n').filter((line) => line.endsWith(' '))).toEqual([])
  })

  it('shows the rows that are asked for', async () => {
    const { out } = await matrix('--qemu', '1.6.0', '--machine', 'pc-1.5', '--option', '2a')
    const rows = out.split('\n\n')[0]?.split('\n').slice(2)
    expect(rows).toEqual([
      '2a   1.6.0  pc-1.5   no   builtin 0         guest policy  kept    guest policy  yes  yes',
      '2a   1.6.0  pc-1.5   yes  builtin 0, 0x505  guest policy  kept    fallback      yes  yes',
    ])
  })

  it('explains a cell by the sentence that it rests on', async () => {
    const { out } = await matrix('--qemu', '1.5.0', '--machine', 'pc-1.5', '--option', '1', '--explain')
    expect(out.replace(/\s+/g, ' ')).toContain(
      'onCrashObeyed = yes, mayOverrideGuestReboot = yes. stated: "On QEMU 1.5.0->1.5.3,',
    )
  })

  it('prints one JSON document', async () => {
    const rows = JSON.parse((await matrix('--option', '2b', '--format', 'json')).out)
    expect(rows).toHaveLength(16)
    expect(rows[0]).toMatchObject({ disagreements: [], plan: { input: { option: '2b' }, basis: {} } })
  })

  it('shows a machine type for the real versions that have it', async () => {
    const lines = (await matrix('--today', '--machine', 'pc-i440fx-1.7', '--format', 'markdown')).out
      .trimEnd()
      .split('\n')
    expect(lines.slice(2).map((line) => line.split(' ')[1])).toEqual(['1.7.0', '1.7.0', '7.2', '7.2'])
  })

  it('prints a Markdown table', async () => {
    const lines = (await matrix('--today', '--qemu', '7.2', '--format', 'markdown')).out.trimEnd().split('\n')
    expect(lines[1]).toBe('| --- | --- | --- | --- | --- | --- | --- | --- |')
    expect(lines[3]).toBe('| 7.2 | 9.0.0 | pc-i440fx-1.5 | yes | 0x505 | destroy | lost | works |')
  })

  it.each([
    [['--option', '3'], /Allowed choices are 1, 2a, 2b/],
    [['--qemu', 'new'], /qemu: expected a version/],
    [['--today', '--qemu', '1.5.4'], /unknown version "1.5.4"/],
    [['--today', '--on-crash', 'ignore'], /libvirt refuses 'ignore'/],
    [['--stage', 'A', '--on-crash', 'ignore'], /exists in stage B only/],
    [['--libvirt', '9.0.0'], /'--libvirt <version>' can be used with option '--today' only/],
    [['--today', '--option', '1'], /'--option <name>' cannot be used with option '--today'/],
    [['--today', '--fallback', 'preserve'], /'--fallback <action>' cannot be used with option '--today'/],
    [['--today', '--stage', 'A'], /'--stage <stage>' cannot be used with option '--today'/],
    [['--machine', 'foo'], /has no "foo"; known are pc, q35/],
    [['--today', '--machine', 'foo'], /has no "foo"; known are pc, q35/],
    [['--today', '--qemu', '1.4.2', '--machine', 'foo'], /has no "foo"; known are pc, q35/],
    [['--today', '--qemu', '1.4.2', '--machine', 'pc-q35-1.5'], /QEMU 1.4.2 has no "pc-q35-1.5"/],
    [['--qemu', '1.5.9'], /unknown version "1.5.9"; known are 1.5.0 to 1.5.3, .* 0.10 to 1.4.2$/],
    [['--today', '--qemu', '1.4.9'], /unknown version "1.4.9"; known are 1.5.0 to 1.5.3, .* 0.10 to 1.4.2$/],
    [['--qemu', '1.5.4', '--machine', 'pc-i440fx-1.6'], /has no "pc-i440fx-1.6"/],
  ])('refuses %j', async (args, reason) => {
    await expect(matrix(...args)).rejects.toThrow(reason)
  })
})

describe('isa-pvpanic domain', () => {
  it('tells device, arguments, and the outcome of each on_crash value', async () => {
    const { exitCode, out } = await domain(withDevices("<panic model='isa'/>", '<on_crash>restart</on_crash>'))
    expect(exitCode).toBe(0)
    expect(out).toContain('pvpanic    0x505\n')
    expect(out).toContain(`arguments  -no-shutdown -device '{"driver":"pvpanic"}'\n`)
    // As recorded from libvirtd 11.3.0.
    expect(out.split('\n')[0]).toMatch(/^assumed +libvirt 11\.3, QEMU \d+\.\d+$/)
    expect(out).toMatch(
      /^destroy +shut off \(crashed\) +Crashed Panicked, Shutdown Finished after host request, Stopped Crashed$/m,
    )
    expect(out).toMatch(/^coredump-restart +running \(crashed\) +Crashed Panicked, DUMP_COMPLETED, reboot, Resumed/m)
    expect(out).toContain('core dump  /var/lib/libvirt/qemu/dump/1-guest-YYYY-MM-DD-HH:MM:SS\n')
    expect(out.split('\n').filter((line) => line.length > 130)).toEqual([])
    expect(out).toMatch(/^restart \* +running \(crashed\) +Crashed Panicked, reboot, Resumed Unpaused$/m)
    expect(out).toMatch(/^preserve +crashed \(panicked\) +Crashed Panicked$/m)
  })

  it.each([
    ["<panic><address type='isa'/></panic>", '', 'an ISA address without iobase means port 0, not 0x505'],
    ["<panic><address type='isa' iobase='1285'/></panic>", '', "iobase='1285' is read as hexadecimal: port 0x1285"],
    ["<panic><address type='isa' iobase='0x70'/></panic>", '', 'port 0x70 takes the place of the RTC'],
    ["<panic><address type='isa' iobase='0x3f8'/></panic>", '', 'port 0x3f8 takes the place of COM1'],
    ["<panic><address type='isa' iobase='0xcf9'/></panic>", '', 'the device is never reached'],
    ["<panic><address type='isa' iobase='0x505' irq='0x5'/></panic>", '', 'irq has no effect'],
    ['<panic-notifier/>', '', 'libvirt drops it silently'],
    [
      '<panic/>',
      '<on_reboot>destroy</on_reboot><on_crash>restart</on_crash>',
      'on_reboot=destroy defeats on_crash=restart',
    ],
    [
      '<panic/>',
      '<on_crash>coredump-restart</on_crash>',
      'if the dump fails the guest is preserved: no restart follows',
    ],
    ['', '<on_crash>restart</on_crash>', 'there is no panic device, so libvirt never looks at on_crash'],
  ])('warns of %s %s', async (devices, lifecycle, warning) => {
    expect((await domain(withDevices(devices, lifecycle))).out).toContain(warning)
  })

  it.each(["<panic model='isa'/>", "<panic><address type='isa' iobase='0x505'/></panic>"])(
    'has no warning for %s',
    async (devices) => {
      expect((await domain(withDevices(devices))).out).not.toContain('warning')
    },
  )

  it.each(['microvm', 'pc-q35-rhel9.2.0', 'pc-i440fx-jammy'])('tries %s as a PC, and says so', async (machineType) => {
    const { out } = await domain(withDevices(`${NO_PCI}<panic/>`).replace("machine='pc'", `machine='${machineType}'`))
    expect(out).toContain(`warning: machine type ${machineType} was tried out as pc`)
    expect(out).toContain('shut off (crashed)')
  })

  it.each(['1.5.4', '1.4.9', '0.9'])('refuses QEMU %s, which never was or is not known', async (version) => {
    const refusal = new RegExp(`unknown version "${version}"; known are .*; without pvpanic 0.10 to 1.4.2$`)
    await expect(domain(withDevices('<panic/>'), '--qemu', version)).rejects.toThrow(refusal)
  })

  it.each(['1.4', '1.4.2', '0.12.5'])(
    'knows QEMU %s as matrix --today does: one without the device',
    async (version) => {
      const without = await domain(withDevices(''), '--qemu', version)
      expect(without).toMatchObject({ exitCode: 0, out: expect.stringContaining('QEMU has pvpanic since 1.5.0') })
      expect(without.out).toContain('pvpanic    none\n')
      // libvirt's words, as its source has them.
      expect(await domain(withDevices("<panic model='isa'/>"), '--qemu', version)).toMatchObject({
        exitCode: 1,
        out: expect.stringContaining('the QEMU binary does not support the ISA panic device'),
      })
      expect((await matrix('--today', '--qemu', version)).exitCode).toBe(0)
    },
  )

  it.each([
    ['pc-i440fx-99', []],
    ['pc-q35-7.2', ['--qemu', '7.1']],
    ['pc-i440fx-1.5', ['--qemu', '1.4.2']],
    ['virt', []],
  ])('would not start with a machine type that this QEMU lacks: %s %j', async (machineType, args) => {
    const { exitCode, out } = await domain(
      withDevices(`${NO_PCI}<panic/>`).replace("machine='pc'", `machine='${machineType}'`),
      ...args,
    )
    expect(exitCode).toBe(1)
    expect(out).toContain(
      `unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support machine type '${machineType}'`,
    )
  })

  it('refuses an architecture that is no PC', async () => {
    const xml = withDevices('<panic/>').replace("arch='x86_64' machine='pc'", "arch='aarch64' machine='virt'")
    await expect(domain(xml)).rejects.toThrow('arch: expected i686 or x86_64, a PC\'s; got "aarch64"')
  })

  it('says that an address without iobase leaves the guest without a device', async () => {
    expect((await domain(withDevices("<panic><address type='isa'/></panic>"))).out).toContain(
      'none: the guest finds no device',
    )
  })

  it('exits with 1 for a domain that QEMU would not start', async () => {
    const { exitCode, out } = await domain(withDevices("<panic><address type='isa' iobase='0x10000'/></panic>"))
    expect(exitCode).toBe(1)
    expect(out).toContain("Parameter 'ioport' expects uint16_t")
  })

  it('exits with 2 and says where, for XML that cannot be used', async () => {
    const { exitCode, err } = await domain(withDevices("<panic model='bogus'/>"))
    expect(exitCode).toBe(2)
    expect(err).toMatch(/domain\.xml:1:\d+: unsupported configuration: unknown panic model 'bogus'/)
  })

  it('refuses ignore as libvirt does, and takes it with --proposal-2013', async () => {
    const xml = withDevices('<panic/>', '<on_crash>ignore</on_crash>')
    const { exitCode, err } = await domain(xml)
    expect(exitCode).toBe(2)
    expect(err).toContain('unsupported configuration: unknown on_crash action: ignore')
    expect(err).toContain('--proposal-2013 takes it')
    const proposed = await domain(xml, '--proposal-2013')
    expect(proposed.exitCode).toBe(0)
    expect(proposed.out).toMatch(/^ignore \* +running \(booted\) +Crashed Panicked$/m)
    expect(proposed.out).toContain('libvirt refuses it')
  })

  it.each(['destroy', 'preserve', 'restart'])('falls back to %s aloud where ignore cannot be', async (fallback) => {
    const xml = withDevices('<panic/>', '<on_crash>ignore</on_crash>')
    const { out } = await domain(xml, '--proposal-2013', '--qemu', '1.6.0', '--fallback', fallback)
    expect(out).toContain(
      `warning: on_crash=ignore needs a newer QEMU (Resetting the Virtual Machine is required); fallback: ${fallback}`,
    )
    const states = { destroy: 'shut off (crashed)', preserve: 'crashed (panicked)', restart: 'running (crashed)' }
    expect(out.replace(/ +/g, ' ')).toContain(`ignore * ${states[fallback as 'destroy']}`)
  })

  it.each([
    ["<panic model='hyperv'/>", '', 'hyperv'],
    ["<panic model='pvpanic'/>", '', 'pvpanic-pci'],
    ['', "<qemu:arg value='-device'/><qemu:arg value='pvpanic-pci,addr=7'/>", 'pvpanic-pci'],
    ['', `<qemu:arg value='-device'/><qemu:arg value='{"driver":"pvpanic-pci"}'/>`, 'pvpanic-pci'],
    ['', "<qemu:arg value='-cpu'/><qemu:arg value='qemu64,hv-crash'/>", 'hyperv'],
  ])('does not take a device for none that is only not simulated: %s %s', async (devices, passed, device) => {
    const xml = withDevices(devices)
      .replace("<domain type='qemu'", "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'")
      .replace('</domain>', `<qemu:commandline>${passed}</qemu:commandline></domain>`)
    const { exitCode, out } = await domain(xml)
    expect(exitCode).toBe(0)
    expect(out).toContain(`pvpanic    no device at a port; ${device} (not simulated here)\n`)
    expect(out).toContain(`warning: ${device} is not simulated here: a guest with a driver`)
    expect(out).toMatch(/^preserve +crashed \(panicked\) +Crashed Panicked$/m)
    expect(out).not.toContain('finds no device')
  })

  it("says which libvirt and QEMU it assumed, and follows libvirt's changes", async () => {
    const old = await domain(withDevices('<panic/>'), '--libvirt', '9.0', '--qemu', '7.2')
    expect(old.out).toMatch(/^assumed +libvirt 9\.0, QEMU 7\.2\n/)
    expect(old.out).toMatch(/^destroy \* +shut off \(crashed\) +Crashed Panicked, Stopped Crashed$/m)
    expect((await domain(withDevices("<panic model='pvpanic'/>"), '--libvirt', '9.0')).err).toContain(
      "unknown panic model 'pvpanic'",
    )
    expect((await domain(withDevices('<panic/>'), '--qemu', '99.0')).out).toContain(
      'warning: QEMU 99.0 is taken to behave as',
    )
    await expect(domain(withDevices('<panic/>'), '--libvirt', '1.2.1')).rejects.toThrow(
      'libvirt: expected version 9.0 or a later one, got "1.2.1"',
    )
  })

  it.each([
    ['7.2', '-no-shutdown', ['-device', '{"driver":"pvpanic"}']],
    ['6.1', '-no-shutdown', ['-device', 'pvpanic']],
    ['5.2', '-no-reboot', ['-device', 'pvpanic']],
  ])('gives QEMU %s the arguments that it takes', async (qemu, ends, device) => {
    const everything = '<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot><on_crash>destroy</on_crash>'
    const { out } = await domain(withDevices('<panic/>', everything), '--qemu', qemu, '--json')
    expect(JSON.parse(out).qemuArguments).toEqual([...ends.split(' '), ...device])
  })

  it.each(['xen', 'lxc', 'hvf'])('refuses virt type %s in the words of libvirt', async (type) => {
    const { exitCode, out } = await domain(withDevices('<panic/>').replace("type='qemu'", `type='${type}'`))
    expect(exitCode).toBe(1)
    expect(out).toContain(
      `unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support virt type '${type}'`,
    )
  })

  it('takes several files, and its exit code is that of the worst', async () => {
    const [good, bad] = ['good.xml', 'bad.xml'].map((name) => join(folder, name)) as [string, string]
    writeFileSync(good, withDevices('<panic/>'))
    writeFileSync(bad, withDevices("<panic model='bogus'/>"))
    const both = await examine(good, bad, good)
    expect(both.exitCode).toBe(2)
    expect(both.out.match(/^file +.*good\.xml$/gm)).toHaveLength(2)
    expect(both.err).toContain('bad.xml:1:')
    expect(JSON.parse((await examine(good, good, '--json')).out)).toHaveLength(2)
  })

  it('knows a Proxmox configuration, and two documents in one file', async () => {
    const proxmox = 'args: -device pvpanic\nboot: order=scsi0\nname: web\n'
    expect(await domain(proxmox)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('Proxmox VM configuration'),
    })
    const two = `${withDevices('<panic/>')}\n${withDevices('')}`
    expect(await domain(two)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('a second document begins at line 2'),
    })
  })

  it('exits with 2 for a file that is not there', async () => {
    const path = join(folder, 'none.xml')
    expect(await runProgram(['domain', path])).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining(`isa-pvpanic: ${path}: cannot be read: ENOENT`),
    })
  })

  it('lets no control character of the XML reach the terminal', async () => {
    const { out } = await domain(withDevices('<panic/>').replace('guest', 'a\u0085\u009b2Jb'))
    expect(out).toContain('domain     a··2Jb')
  })

  it('prints one JSON document', async () => {
    const examination = JSON.parse((await domain(withDevices('<panic/>'), '--json', '--qemu', '7.2')).out)
    expect(examination).toMatchObject({ devices: [{ source: 'device', iobase: 0x505 }], warnings: [] })
  })
})

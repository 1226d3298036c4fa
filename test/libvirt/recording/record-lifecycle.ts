// Records what a real libvirtd with QEMU does about the panics in lifecycle-cases.ts. Run: npx tsx test/libvirt/recording/record-lifecycle.ts

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { prepareNamespace, requirePrograms, versions } from './host.js'
import { LIFECYCLE_CASES, type LifecycleCase } from './lifecycle-cases.js'

const OUTPUT = new URL('../recordings/lifecycle.json', import.meta.url)
const PRIVATE_FOLDERS = ['/etc/libvirt', '/var/lib/libvirt', '/var/log/libvirt', '/var/cache/libvirt', '/run/libvirt']
const DUMP_FOLDER = '/var/lib/libvirt/dumps'
const QEMU_CONF = [
  'user = "root"',
  'group = "root"',
  'security_driver = "none"',
  'cgroup_controllers = []',
  'namespaces = []',
  'remember_owner = 0',
  'stdio_handler = "file"',
  'seccomp_sandbox = 0',
  `auto_dump_path = "${DUMP_FOLDER}"`,
  '',
].join('\n')

const BOOT_TIMEOUT = 20_000
const SETTLED_AFTER = 2_500
const SECTOR = 512

/** A boot sector that writes `value` to `port` unless it did so before: CMOS byte 0x50 outlives a reset, not QEMU. */
function bootSector({ port, value }: LifecycleCase['guest']): Uint8Array {
  const sector = new Uint8Array(SECTOR)
  // biome-ignore format: one instruction a line
  sector.set([
    0xb0, 0x50, 0xe6, 0x70, // mov al, 0x50; out 0x70, al
    0xe4, 0x71,             // in al, 0x71
    0x3c, 0xaa,             // cmp al, 0xaa
    0x74, 14,               // je halt
    0xb0, 0x50, 0xe6, 0x70, // mov al, 0x50; out 0x70, al
    0xb0, 0xaa, 0xe6, 0x71, // mov al, 0xaa; out 0x71, al
    0xba, port & 0xff, port >> 8, // mov dx, port
    0xb0, value, 0xee,      // mov al, value; out dx, al
    0xf4, 0xeb, 0xfd,       // halt: hlt; jmp halt
  ])
  sector.set([0x55, 0xaa], SECTOR - 2)
  return sector
}

function domainXml(name: string, disk: string, { lifecycle, devices, passthrough = [] }: LifecycleCase): string {
  const args = passthrough.map((value) => `<qemu:arg value='${value}'/>`).join('')
  return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  ${lifecycle}
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='${disk}'/><target dev='hda' bus='ide'/>
    </disk>
    ${devices}
  </devices>
  <qemu:commandline>${args}</qemu:commandline>
</domain>
`
}

interface CommandRecord {
  readonly command: string
  readonly status: number | null
  readonly output: string
  readonly state: string
}

function virsh(command: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('virsh', ['-q', '-c', 'qemu:///system', ...command.split(' ')], {
    encoding: 'utf8',
  })
  return { status, output: `${stdout}${stderr}`.trim() }
}

const domstate = (name: string): string => virsh(`domstate ${name} --reason`).output.replaceAll(name, 'DOMAIN')

/** Lines of a program that runs all the time. */
class Listener {
  readonly #lines: string[] = []
  readonly #process: ChildProcess

  constructor(...args: string[]) {
    this.#process = spawn('virsh', ['-q', '-c', 'qemu:///system', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#lines.push(...text.split('\n')))
  }

  /** The events of a domain, without time and name. */
  of(name: string): string[] {
    return this.#lines.flatMap((line) => {
      const [, event = '', domain, data = ''] =
        /^event '?([\w-]+)'?(?: at \S+)? for domain '?(\w+)'?:? ?(.*)$/.exec(line) ?? []
      if (domain !== name) return []
      return [data === '' || data === '<null>' ? event : `${event}: ${data}`]
    })
  }

  end(): void {
    this.#process.kill()
  }
}

function run(command: string, name: string): CommandRecord {
  const { status, output } = virsh(command.replaceAll('DOMAIN', name))
  return { command, status, output: output.replaceAll(name, 'DOMAIN'), state: domstate(name) }
}

/** Follows a domain's state until it has not changed for a while; an endless restart would show as two that alternate. */
async function settle(name: string, start: string, panicked: () => boolean): Promise<string[]> {
  const states = [start]
  const begin = Date.now()
  let lastChange = begin
  while (Date.now() - lastChange < SETTLED_AFTER || (!panicked() && Date.now() - begin < BOOT_TIMEOUT)) {
    await sleep(30)
    const state = domstate(name)
    if (state !== states.at(-1)) {
      states.push(state)
      lastChange = Date.now()
    }
  }
  return states
}

async function recordCase(entry: LifecycleCase, index: number, directory: string, events: Listener, qmp: Listener) {
  const name = `case${index}`
  const disk = join(directory, `${name}.img`)
  const file = join(directory, `${name}.xml`)
  writeFileSync(disk, bootSector(entry.guest))
  execFileSync('truncate', ['-s', '1M', disk])
  writeFileSync(file, domainXml(name, disk, entry))
  rmSync(DUMP_FOLDER, { recursive: true, force: true })
  if (entry.dumpFails === true) writeFileSync(DUMP_FOLDER, 'in the way')
  else mkdirSync(DUMP_FOLDER)

  const started =
    entry.transient === true
      ? virsh(`create ${file} --paused`)
      : [virsh(`define ${file}`), virsh(`start ${name} --paused`)].find(({ status }) => status !== 0)
  if (started !== undefined && started.status !== 0) {
    virsh(`undefine ${name}`)
    const text = started.output.replaceAll(name, 'DOMAIN').replace(/\d{4}-\d\d-\d\dT\S+Z /, '')
    return { ...entry, startError: text }
  }
  const before = (entry.before ?? []).map((command) => run(command, name))
  await sleep(300)
  const early = { events: events.of(name).length, qmp: qmp.of(name).length }
  const resumed = virsh(`resume ${name}`)
  if (resumed.status !== 0) throw new Error(`${entry.name}: ${resumed.output}`)
  // What is not a panic shows nothing; it is given the time that SeaBIOS takes several times over.
  const states = await settle(name, 'running (unpaused)', () => qmp.of(name).some((line) => line.includes('GUEST_')))
  const seen = { events: events.of(name).length, qmp: qmp.of(name).length }
  const after: CommandRecord[] = []
  for (const command of entry.after ?? []) {
    const record = run(command, name)
    await sleep(600)
    after.push({ ...record, state: domstate(name) })
  }
  const record = {
    ...entry,
    ...(before.length === 0 ? {} : { before }),
    states,
    events: events.of(name).slice(early.events, seen.events),
    qmp: qmp.of(name).slice(early.qmp, seen.qmp),
    dumps: entry.dumpFails === true ? [] : readdirSync(DUMP_FOLDER).map((dump) => dump.replace(/\d/g, '0')),
    ...(after.length === 0
      ? {}
      : { after, laterEvents: events.of(name).slice(seen.events), laterQmp: qmp.of(name).slice(seen.qmp) }),
  }
  virsh(`destroy ${name}`)
  virsh(`undefine ${name}`)
  console.log(`${entry.name}: ${states.join(' -> ')}`)
  return record
}

async function recordAll(directory: string): Promise<void> {
  writeFileSync('/etc/libvirt/qemu.conf', QEMU_CONF)
  writeFileSync('/etc/libvirt/libvirtd.conf', 'auth_unix_rw = "none"\n')
  const daemon = spawn('libvirtd', [], { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    for (let tries = 0; virsh('uri').status !== 0; tries++) {
      if (tries === 60) throw new Error('libvirtd does not answer')
      await sleep(500)
    }
    const events = new Listener('event', '--all', '--loop')
    const qmp = new Listener('qemu-monitor-event', '--loop')
    await sleep(1000)
    const cases = []
    const only = process.argv[4]
    for (const [index, entry] of LIFECYCLE_CASES.entries()) {
      if (only !== undefined && !entry.name.includes(only)) continue
      cases.push(await recordCase(entry, index, directory, events, qmp))
    }
    events.end()
    qmp.end()
    const header = {
      program:
        'libvirtd, QEMU with TCG and SeaBIOS, as root in a private mount namespace; virsh event, qemu-monitor-event',
      ...versions(),
    }
    if (only !== undefined) console.log(JSON.stringify(cases, null, 2))
    else writeFileSync(OUTPUT, `${JSON.stringify({ ...header, cases }, null, 2)}\n`)
  } finally {
    daemon.kill()
  }
}

if (process.argv[2] === 'inside') {
  await recordAll(process.argv[3] ?? '')
} else {
  requirePrograms(['virsh', 'libvirtd', 'qemu-system-x86_64', 'unshare'])
  const directory = mkdtempSync(join(tmpdir(), 'record-lifecycle-'))
  try {
    const mounts = PRIVATE_FOLDERS.map((folder) => `mkdir -p ${folder}; mount -t tmpfs private ${folder}`)
    // The shell stays as process 1, to collect the QEMU processes that their parents have left to it.
    const again = `npx tsx ${fileURLToPath(import.meta.url)} inside ${directory} ${process.argv[2] ?? ''}; exit $?`
    const script = [prepareNamespace(directory), ...mounts, again].join('\n')
    // With a process namespace of its own, whatever is still running at the end goes with it.
    spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'sh', '-ec', script], { stdio: 'inherit' })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

// Records what a real libvirtd with QEMU makes of the cases in lifecycle-cases.ts. Run: npx tsx
// test/libvirt/recording/record-lifecycle.ts [--root FOLDER] [--only PART-OF-A-NAME]. The folder holds another Debian, as
// debootstrap makes it, with libvirt and QEMU; with --only the cases are printed instead.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  insideCommand,
  insideFolder,
  insidePath,
  prepareNamespace,
  recordingFile,
  requirePrograms,
  rootFolder,
  versions,
} from './host.js'
import { type GuestWrite, LIFECYCLE_CASES, type LifecycleCase } from './lifecycle-cases.js'

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
const COMMAND_SETTLED_AFTER = 1_200
const SECTOR = 512

/** A boot sector that makes its writes unless it did so before: CMOS byte 0x50 outlives a reset, not QEMU. */
function bootSector(writes: readonly GuestWrite[]): Uint8Array {
  const code = writes.flatMap(({ port, value, bytes }, index) => [
    ...(index === 0 ? [] : [0xf4]), // hlt, until the next tick: QEMU stops a moment after a panic's OUT only
    ...[0xba, port & 0xff, port >> 8], // mov dx, port
    ...(bytes === 2 ? [0xb8, value & 0xff, value >> 8, 0xef] : [0xb0, value, 0xee]), // mov al, value; out dx, al
  ])
  const sector = new Uint8Array(SECTOR)
  // biome-ignore format: one instruction a line
  sector.set([
    0xb0, 0x50, 0xe6, 0x70, // mov al, 0x50; out 0x70, al
    0xe4, 0x71,             // in al, 0x71
    0x3c, 0xaa,             // cmp al, 0xaa
    0x74, 8 + code.length,  // je halt
    0xb0, 0x50, 0xe6, 0x70, // mov al, 0x50; out 0x70, al
    0xb0, 0xaa, 0xe6, 0x71, // mov al, 0xaa; out 0x71, al
    ...code,
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

/** Gives a command of a case, and tells what came of it at once. */
function run(command: string, name: string, folder: string): CommandRecord {
  const words = command.replaceAll('DOMAIN', name).replaceAll('FOLDER', folder)
  const { status, output } = execute(words, name)
  const text = output
    .replaceAll(name, 'DOMAIN')
    .replaceAll(folder, 'FOLDER')
    .replace(/,"id":"libvirt-\d+"/, '')
  return { command, status, output: text, state: domstate(name) }
}

function execute(words: string, name: string): { status: number | null; output: string } {
  const [verb = '', , command = ''] = words.split(' ')
  if (verb === 'monitor') return virsh(`qemu-monitor-command ${name} {"execute":"${command}"}`)
  if (verb !== 'kill') return virsh(words)
  process.kill(Number(readFileSync(`/run/libvirt/qemu/${name}.pid`, 'utf8')), 'SIGKILL')
  return { status: 0, output: '' }
}

/** Follows a domain's state until it has not changed for a while; an endless restart would show as two that alternate. */
async function settle(
  name: string,
  start: string,
  isDone: () => boolean,
  settledAfter = SETTLED_AFTER,
): Promise<string[]> {
  const states = [start]
  const begin = Date.now()
  let lastChange = begin
  while (Date.now() - lastChange < settledAfter || (!isDone() && Date.now() - begin < BOOT_TIMEOUT)) {
    await sleep(30)
    const state = domstate(name)
    if (state !== states.at(-1)) {
      states.push(state)
      lastChange = Date.now()
    }
  }
  return states
}

/** What the guest did shows on the monitor. What shows nothing is given the time that SeaBIOS takes several times over. */
const hasActed = (lines: readonly string[], { guest }: LifecycleCase): boolean =>
  guest.length === 0 || lines.some((line) => /GUEST_|SHUTDOWN|guest-reset/.test(line))

async function recordCase(entry: LifecycleCase, index: number, directory: string, events: Listener, qmp: Listener) {
  const name = `case${index}`
  const folder = join(directory, name)
  mkdirSync(folder)
  const disk = join(folder, 'disk')
  const file = join(folder, 'xml')
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
    return { name: entry.name, startError: text.replaceAll(folder, 'FOLDER') }
  }
  const before = (entry.before ?? []).map((command) => run(command, name, folder))
  await sleep(300)
  const early = { events: events.of(name).length, qmp: qmp.of(name).length }
  const states = entry.waits === true ? [domstate(name)] : await letRun(entry, name, () => qmp.of(name))
  const seen = { events: events.of(name).length, qmp: qmp.of(name).length }
  const after: CommandRecord[] = []
  for (const command of entry.after ?? []) {
    const known = qmp.of(name).length
    const record = run(command, name, folder)
    const acts = command.startsWith('start ')
    const done = () => !acts || hasActed(qmp.of(name).slice(known), entry)
    const [state] = (await settle(name, record.state, done, COMMAND_SETTLED_AFTER)).slice(-1)
    after.push({ ...record, state: state ?? '' })
  }
  const record = {
    name: entry.name,
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
  virsh(`undefine ${name} --managed-save`)
  console.log(`${entry.name}: ${[...states, ...after.map(({ state }) => state)].join(' -> ')}`)
  return record
}

async function letRun(entry: LifecycleCase, name: string, qmp: () => string[]): Promise<string[]> {
  const known = qmp().length
  const resumed = virsh(`resume ${name}`)
  if (resumed.status !== 0) throw new Error(`${entry.name}: ${resumed.output}`)
  return settle(name, 'running (unpaused)', () => hasActed(qmp().slice(known), entry))
}

async function recordAll(directory: string, only: string): Promise<void> {
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
    for (const [index, entry] of LIFECYCLE_CASES.entries()) {
      if (!entry.name.includes(only)) continue
      cases.push(await recordCase(entry, index, directory, events, qmp))
    }
    events.end()
    qmp.end()
    const header = {
      program:
        'libvirtd, QEMU with TCG and SeaBIOS, as root in a private mount namespace; virsh event, qemu-monitor-event',
      ...versions(),
    }
    if (only !== '') console.log(JSON.stringify(cases, null, 2))
    else writeFileSync(recordingFile('lifecycle', header.libvirt), `${JSON.stringify({ ...header, cases }, null, 1)}\n`)
  } finally {
    daemon.kill()
  }
}

const [mode, folder = '', part = ''] = process.argv.slice(2)
if (mode === 'inside') {
  await recordAll(folder, part)
} else {
  const root = rootFolder(process.argv)
  const index = process.argv.indexOf('--only')
  const only = index === -1 ? '' : (process.argv[index + 1] ?? '')
  requirePrograms(['virsh', 'libvirtd', 'qemu-system-x86_64'], root)
  const directory = mkdtempSync(join(tmpdir(), 'record-lifecycle-'))
  try {
    const mounts = PRIVATE_FOLDERS.map((name) => `mkdir -p ${root}${name}; mount -t tmpfs private ${root}${name}`)
    const script = insidePath(root, fileURLToPath(import.meta.url))
    // The shell stays as process 1, to collect the QEMU processes that their parents have left to it.
    const again = `node_modules/.bin/tsx ${script} inside ${insideFolder(root, directory)} "${only}"`
    const lines = [prepareNamespace(directory, root), ...mounts, `${insideCommand(root, again)}; exit $?`]
    // With a process namespace of its own, whatever is still running at the end goes with it.
    spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'sh', '-ec', lines.join('\n')], {
      stdio: 'inherit',
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

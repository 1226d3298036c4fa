// Records what virt-install makes of `--panic`. Run: npx tsx test/libvirt/recording/record-virt-install.ts [--root FOLDER...],
// once for this system and once for each folder of another Debian with virt-install.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

const VALUES = [
  ...['default', 'none', 'isa', 'hyperv', 'pseries', 's390', 'pvpanic', 'bogus', '505', '0x506', '0X506'],
  ...['iobase=0x506', 'address.iobase=0x506', 'model=isa,iobase=0x506', 'model=hyperv,iobase=0x505'],
  ...['default,iobase=0x506', 'model=default', 'model=isa', 'model=none', 'foo=bar', 'isa,foo=bar', 'isa,hyperv'],
  ...['isa, iobase=0x506', 'address.type=isa', 'address.type=isa,address.iobase=0x506', 'isa,address.irq=5'],
  ...['model=pvpanic,address.type=pci,address.slot=7', 'isa,alias.name=ua-x', '0x506,model=isa', 'isa,'],
]
const ARGUMENTS = '--connect test:///default --name x --memory 64 --disk none --import --print-xml'.split(' ')
const NO_SYSTEM = ['--osinfo', 'detect=off,require=off']

function run(root: string, args: readonly string[]): { status: number | null; output: string } {
  const [program = '', ...rest] = [...(root === '' ? [] : ['chroot', root]), 'virt-install', ...args]
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

const roots = ['', ...process.argv.flatMap((word, index) => (process.argv[index - 1] === '--root' ? [word] : []))]
const recorded = roots.map((root) => {
  const version = run(root, ['--version']).output.trim()
  const cases = VALUES.map((value) => {
    const { status, output } = run(root, [...ARGUMENTS, ...NO_SYSTEM, '--panic', value])
    if (status !== 0) return { value, error: /^ERROR +(.*)$/m.exec(output)?.[1] ?? output }
    const [xml] = /<panic(?: [^>]*)?(?:\/>|>[\s\S]*?<\/panic>)/.exec(output) ?? []
    return { value, ...(xml === undefined ? {} : { xml: xml.replace(/>\s+</g, '><') }) }
  })
  console.log(`virt-install ${version}: ${cases.length} values`)
  return { version, cases }
})
const output = new URL('../recordings/virt-install.json', import.meta.url)
writeFileSync(output, `${JSON.stringify(recorded, null, 1)}\n`)

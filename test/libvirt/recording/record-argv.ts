// Records what `virsh domxml-to-native qemu-argv` makes of the cases in argv-cases.ts. Run: npx tsx
// test/libvirt/recording/record-argv.ts [--root FOLDER], with the folder of another Debian.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ARGV_CASES } from './argv-cases.js'
import { relevantWords, shellWords } from './argv-words.js'
import { insideFolder, prepareNamespace, recordingFile, requirePrograms, rootFolder, versions } from './host.js'

const MARK = '=== case '

const root = rootFolder(process.argv)
requirePrograms(['virsh', 'qemu-system-x86_64', 'qemu-system-i386'], root)
const directory = mkdtempSync(join(tmpdir(), 'record-argv-'))
try {
  const inside = insideFolder(root, directory)
  const commands = ARGV_CASES.flatMap(({ xml }, index) => {
    const file = `case-${index}.xml`
    writeFileSync(join(directory, file), xml)
    return [`echo "${MARK}${index}"`, `domxml-to-native qemu-argv ${inside}/${file}`]
  })
  // One session for all cases: libvirt asks QEMU for its capabilities at the start of each, for seconds.
  const virsh = `${root === '' ? '' : `chroot ${root}`} virsh -q -c 'qemu:///embed?root=${inside}/root' 2>&1`
  const script = `${prepareNamespace(directory, root)}exec ${virsh}\n`
  const output = execFileSync('unshare', ['--mount', 'sh', '-ec', script], {
    input: `${commands.join('\n')}\n`,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const answers = output
    .replace(/^virsh # .*\n/gm, '')
    .split(new RegExp(`^${MARK}`, 'm'))
    .slice(1)
  if (answers.length !== ARGV_CASES.length) throw new Error(`${answers.length} answers for ${ARGV_CASES.length} cases`)
  const cases = ARGV_CASES.map(({ name, xml }, index) => {
    const lines = (answers[index] ?? '')
      .split('\n')
      .slice(1)
      .filter((line) => line !== '' && !/^\d{4}-\d\d-\d\d \S+ \d+: (info|warning|error) /.test(line))
    const text = lines.join('\n').replaceAll(inside, 'DIRECTORY')
    if (text.startsWith('error: ')) return { name, error: text.slice('error: '.length) }
    const passedThrough = [...xml.matchAll(/<(?:q|qemu):arg value='([^']*)'/g)].map((match) => match[1] ?? '')
    return { name, argv: relevantWords(shellWords(text), passedThrough) }
  })
  const header = { program: 'virsh domxml-to-native qemu-argv, embedded QEMU driver', ...versions(root) }
  writeFileSync(recordingFile('argv', header.libvirt), `${JSON.stringify({ ...header, cases }, null, 1)}\n`)
  console.log(`${cases.length} cases recorded`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}

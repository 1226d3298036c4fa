// Compares with libvirt's own test data, which are not part of this project: the panic-relevant part of each x86 command line.
// Run: npx tsx test/libvirt/recording/compare-own-tests.ts FOLDER LIBVIRT, where FOLDER is tests/qemuxml2argvdata of
// libvirt's source (tests/qemuxmlconfdata since 10.0) and LIBVIRT its version.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { refusalOf } from '../../../src/libvirt/check-definition.js'
import { DomainXmlError } from '../../../src/libvirt/domain-xml-error.js'
import { readDomainXml } from '../../../src/libvirt/parse-domain-xml.js'
import { qemuArguments } from '../../../src/libvirt/qemu-arguments.js'
import { relevantWords, shellWords } from './argv-words.js'

const [folder, libvirt] = process.argv.slice(2)
if (folder === undefined || libvirt === undefined) {
  console.error('usage: compare-own-tests.ts FOLDER LIBVIRT')
  process.exit(2)
}

let compared = 0
const differences: string[] = []
const names = readdirSync(folder)
for (const file of names) {
  const [, name, version] = /^(.*)\.x86_64-(latest|\d+\.\d+\.\d+)\.args$/.exec(file) ?? []
  if (name === undefined || version === undefined || !names.includes(`${name}.xml`)) continue
  const xml = readFileSync(join(folder, `${name}.xml`), 'utf8')
  const words = shellWords(readFileSync(join(folder, file), 'utf8').replace(/\\\n/g, ' '))
  const qemu = version === 'latest' ? undefined : version
  try {
    const { definition } = readDomainXml(xml, { libvirt })
    const refusal = refusalOf(definition, 'any')
    if (refusal !== undefined) throw new Error(refusal.reason)
    const expected = relevantWords(words, definition.qemuArguments).map(withoutFeatures)
    const ours = qemuArguments(definition, { libvirt, ...(qemu && { qemu }) }).map(withoutFeatures)
    compared++
    if (JSON.stringify(ours) !== JSON.stringify(expected)) {
      differences.push(`${file}:\n  libvirt ${expected.join(' ')}\n  ours    ${ours.join(' ')}`)
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    compared++
    differences.push(`${file}: refused here: ${error instanceof DomainXmlError ? error.reason : error.message}`)
  }
}
for (const difference of differences) console.log(difference)
console.log(`${compared} command lines compared, ${differences.length} differ`)
process.exitCode = differences.length > 0 ? 1 : 0

/** Of -cpu only the model and hv-crash are compared. */
function withoutFeatures(word: string): string {
  return /,hv-crash/.test(word) ? `${word.split(',')[0]},hv-crash` : word
}

// The house rules that no compiler checks: which floor may import which, and what runs in a browser.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = resolve(import.meta.dirname, '../src')

/** The floors, lowest first; those in one row may not know each other. docs/architecture.md draws them. */
const FLOORS = [
  ['common'],
  ['bus', 'json', 'node'],
  ['devices'],
  ['machine'],
  ['firmware', 'pci'],
  ['qemu-options'],
  ['v86', 'monitor'],
  ['core-dump'],
  ['libvirt'],
  ['plan-2013'],
  ['testing'],
  ['vitest'],
  ['cli'],
]
const levelOf = (folder: string) => FLOORS.findIndex((floor) => floor.includes(folder))

/** The packages that a file may import, by the part of src that it lies in. All others import none. */
const PACKAGES: readonly (readonly [place: RegExp, packages: readonly string[]])[] = [
  [/^cli\//, ['commander']],
  [/^libvirt\//, ['saxes']],
  // Its types in one file, which is copied into the package as it stands; the emulator itself when one is made.
  [/^v86\/(v86-types|boot-rom)\.ts$/, ['v86']],
  [/^vitest\//, ['vitest']],
]
/** Where Node's modules may be imported, as biome.json has it. */
const NODE_ONLY = /^(?:cli|node|vitest|monitor\/server|testing\/engines\/qemu)\//

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const imports = files.flatMap((file) => {
  const text = readFileSync(join(source, file), 'utf8')
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, to = '']) => ({ file, to }))
})

describe('the floors', () => {
  it('are all named', () => {
    const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(folders.map(({ name }) => name).filter((name) => levelOf(name) === -1)).toEqual([])
  })

  it('import only floors below them', () => {
    const upward = imports.filter(({ file, to }) => {
      const [from = ''] = file.split('/')
      if (!to.startsWith('.') || levelOf(from) === -1) return false
      const [target = ''] = relative(source, resolve(source, dirname(file), to)).split('/')
      return target !== from && levelOf(target) >= levelOf(from)
    })
    expect(upward).toEqual([])
  })

  it('import packages where these are expected, and nowhere else', () => {
    const unexpected = imports.filter(({ file, to }) => {
      if (to.startsWith('.') || (to.startsWith('node:') && NODE_ONLY.test(file))) return false
      return !PACKAGES.some(([place, packages]) => place.test(file) && packages.includes(to))
    })
    expect(unexpected).toEqual([])
  })

  it('that browsers have import what needs Node when it is used, so that a bundler can leave it out', () => {
    const early = files.flatMap((file) => {
      if (NODE_ONLY.test(file)) return []
      const text = readFileSync(join(source, file), 'utf8')
      const targets = [...text.matchAll(/^(?:import|export) (?!type).*?from '([^']+)'$/gms)].map(([, to = '']) => to)
      const local = targets
        .filter((to) => to.startsWith('.'))
        .map((to) => relative(source, resolve(source, dirname(file), to)))
      return local.filter((target) => NODE_ONLY.test(target)).map((target) => `${file}: ${target}`)
    })
    expect(early).toEqual([])
  })
})

describe('the core entry point', () => {
  it('reaches no package and no Node module', () => {
    const seen = new Set<string>()
    const visit = (file: string) => {
      if (seen.has(file)) return
      seen.add(file)
      for (const { to } of imports.filter((entry) => entry.file === file)) {
        expect(to, file).toMatch(/^\.\.?\//)
        visit(relative(source, resolve(source, dirname(file), to)).replace(/\.js$/, '.ts'))
      }
    }
    visit('index.ts')
    expect(seen.size).toBeGreaterThan(10)
  })
})

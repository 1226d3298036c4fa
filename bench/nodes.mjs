// The Node versions to measure on: this one, or others as the npm package `node` has them.

import { execFileSync } from 'node:child_process'

const DESCRIBE = 'JSON.stringify({ path: process.execPath, version: process.versions.node, v8: process.versions.v8 })'

const described = (program, args) => JSON.parse(execFileSync(program, [...args, '-p', DESCRIBE], { encoding: 'utf8' }))

/**
 * The Node of each version in a list such as '22,24,26'; npm fetches into its cache what is not this one. A path of a
 * program is taken as it is.
 * @param list undefined: this Node alone.
 */
export function findNodes(list) {
  if (list === undefined) return [described(process.execPath, [])]
  return list.split(',').map((wanted) => {
    if (wanted.includes('/')) return described(wanted, [])
    if (process.versions.node === wanted || process.versions.node.startsWith(`${wanted}.`))
      return described(process.execPath, [])
    return described('npm', ['exec', '--yes', `--package=node@${wanted}`, '--', 'node'])
  })
}

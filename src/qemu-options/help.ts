// What `-help` and `-machine help` print.

import { machineTypes } from '../machine/machine-types.js'
import { OPTIONS } from './options.js'

/** What `-help` prints. */
export function optionsHelp(): string {
  const lines = OPTIONS.flatMap(({ names, argument, help }) => {
    const form = [names.map((name) => `-${name}`).join(', '), ...(argument === undefined ? [] : [argument])].join(' ')
    return [form, `        ${help}`]
  })
  return ['A machine for panics under the options of QEMU. It executes nothing.', '', ...lines, ''].join('\n')
}

const NAME_WIDTH = 20

/** What `-machine help` prints: the types that a version of QEMU has. @throws {RangeError} for an unknown version. */
export function machinesHelp(qemu: string | undefined): string {
  const line = (name: string, words: string) => `${name.padEnd(NAME_WIDTH)} ${words}`
  const lines = machineTypes(qemu).flatMap(({ name, alias, description, isDefault, deprecated }) => [
    ...(alias === undefined ? [] : [line(alias, `${description} (alias of ${name})`)]),
    line(name, `${description}${isDefault ? ' (default)' : ''}${deprecated === undefined ? '' : ' (deprecated)'}`),
  ])
  return ['Supported machines are:', ...lines, ''].join('\n')
}

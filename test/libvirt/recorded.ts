// What was recorded from real libvirts, each with its QEMU.

import { readFileSync } from 'node:fs'

/** A libvirt and the QEMU beside it. */
export interface RecordedHost {
  readonly libvirt: string
  readonly qemu: string
}

export const RECORDED_HOSTS: readonly RecordedHost[] = [
  { libvirt: '9.0', qemu: '7.2' },
  { libvirt: '11.3', qemu: '10.0' },
]

/**
 * The cases of a recording, each with what was asked and what came of it.
 * @param name of the recording: 'argv', 'lifecycle'.
 */
export function recordedCases<Asked extends { name: string }, Answer extends { name: string }>(
  name: string,
  { libvirt }: RecordedHost,
  asked: readonly Asked[],
): (Asked & Answer)[] {
  const file = new URL(`recordings/${name}-${libvirt}.json`, import.meta.url)
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Answer[] }
  const questions = new Map(asked.map((entry) => [entry.name, entry]))
  return cases.map((answer) => {
    const question = questions.get(answer.name)
    if (question === undefined) throw new Error(`${file}: there is no case ${answer.name} any more; record anew`)
    return { ...question, ...answer }
  })
}

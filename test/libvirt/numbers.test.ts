// libvirt's numbers of states, reasons and events, held against its public header.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  type DomainReasons,
  type DomainState,
  domainStateNumbers,
  type LifecycleEvent,
  lifecycleEventNumbers,
} from '../../src/libvirt/domain-state.js'

const file = new URL('recordings/numbers.json', import.meta.url)
const { numbers } = JSON.parse(readFileSync(file, 'utf8')) as { numbers: Readonly<Record<string, number>> }

/** The header's names for what virsh prints otherwise. */
const STATES = {
  running: 'RUNNING',
  paused: 'PAUSED',
  'in shutdown': 'SHUTDOWN',
  'shut off': 'SHUTOFF',
  crashed: 'CRASHED',
}
const REASONS: Readonly<Record<string, string>> = {
  migrating: 'MIGRATION',
  saving: 'SAVE',
  dumping: 'DUMP',
  'starting up': 'STARTING_UP',
  'save canceled': 'SAVE_CANCELED',
}
const named = (reason: string) => REASONS[reason] ?? reason.toUpperCase()

const states: { [Name in keyof DomainReasons]: readonly DomainReasons[Name][] } = {
  running: ['booted', 'restored', 'unpaused', 'save canceled', 'crashed'],
  paused: ['unknown', 'user', 'migrating', 'saving', 'dumping', 'crashed', 'starting up'],
  'in shutdown': ['unknown'],
  crashed: ['panicked'],
  'shut off': ['unknown', 'shutdown', 'destroyed', 'crashed', 'saved'],
}
const pairs = Object.entries(states).flatMap(([state, reasons]) => reasons.map((reason) => ({ state, reason })))

it.each(pairs)('$state ($reason)', ({ state, reason }) => {
  const name = STATES[state as keyof typeof STATES]
  const expected = { state: numbers[name], reason: numbers[`${name}_${named(reason)}`] }
  expect(domainStateNumbers({ state, reason } as DomainState)).toEqual(expected)
})

const DETAILS: Readonly<Record<string, string>> = {
  Snapshot: 'FROM_SNAPSHOT',
  'Finished after guest request': 'GUEST',
  'Finished after host request': 'HOST',
}

it.each([
  'Started Booted',
  'Started Restored',
  'Suspended Paused',
  'Suspended Restored',
  'Resumed Unpaused',
  'Resumed Snapshot',
  'Stopped Shutdown',
  'Stopped Destroyed',
  'Stopped Crashed',
  'Stopped Saved',
  'Stopped Failed',
  'Shutdown Finished after guest request',
  'Shutdown Finished after host request',
  'Crashed Panicked',
  'Crashed Crashloaded',
] as const satisfies readonly LifecycleEvent[])('%s', (event) => {
  const [, type = '', detail = ''] = /^(\w+) (.*)$/.exec(event) ?? []
  const name = `EVENT_${type.toUpperCase()}`
  expect(lifecycleEventNumbers(event)).toEqual({
    event: numbers[name],
    detail: numbers[`${name}_${DETAILS[detail] ?? detail.toUpperCase()}`],
  })
})

// A QMP client that finds the guest of a run panicked.

import { expect, vi } from 'vitest'
import { QmpClient } from '../../src/monitor/server/qmp-client.js'

/** Connects to the monitor once it is there, and waits until the guest stands panicked. The limits are milliseconds. */
export async function findPanicked(address: string, limits: { connect: number; panic: number }): Promise<QmpClient> {
  const client = await vi.waitFor(() => QmpClient.connect(address), { timeout: limits.connect })
  await vi.waitFor(
    async () => expect(await client.execute('query-status')).toMatchObject({ status: 'guest-panicked' }),
    { timeout: limits.panic },
  )
  return client
}

/** Lets the guest go on to its end, which its `run` waits for: by isa-debug-exit, with the code 33. */
export async function letGoOn(
  client: QmpClient,
  finished: Promise<{ readonly exitCode: number; readonly stdout: string }>,
): Promise<void> {
  await client.execute('cont')
  await client.closed
  const { exitCode, stdout } = await finished
  expect(exitCode).toBe(0)
  expect(stdout).toContain('event   RESUME')
  expect(stdout).toContain('shutdown, exit code 33')
}

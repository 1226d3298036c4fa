// The tests that mutants of bus, devices and machine must not survive: the quick ones, since each mutant runs all that reach it.

import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  test: {
    include: ['test/{bus,devices,machine}/**/*.test.ts', 'test/recordings/floppy.test.ts'],
    testTimeout: 20_000,
  },
})

// The tests that mutants of bus, devices and machine have to survive: all that need no other process and no emulator.

import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  test: {
    include: ['test/{bus,devices,machine,recordings}/**/*.test.ts'],
    testTimeout: 20_000,
  },
})

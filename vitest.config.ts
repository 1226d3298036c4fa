import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { documentModules } from './test/docs/modules-plugin.js'

/** `npm test` needs nothing installed; the mode `live` has the checks against real programs instead. */
export default defineConfig(({ mode }) => ({
  plugins: [documentModules()],
  test:
    mode === 'live'
      ? { include: ['test/**/*.live.ts'], testTimeout: 300_000 }
      : {
          include: ['test/**/*.test.ts'],
          testTimeout: 20_000,
          // Vitest leaves a processor idle and loads every module anew for each file: twice the time, for nothing here.
          maxWorkers: availableParallelism(),
          isolate: false,
        },
}))

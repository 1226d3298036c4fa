import { defineConfig } from 'vitest/config'

/** Checks against real programs, which `npm test` does without. */
export default defineConfig({ test: { include: ['test/**/*.live.ts'], testTimeout: 300_000 } })

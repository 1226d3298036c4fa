import { defineConfig } from 'tsup'

/** Every entry point of package.json's `exports`, and the programs of its `bin`. */
const libraries = {
  index: 'src/index.ts',
  firmware: 'src/firmware/index.ts',
  libvirt: 'src/libvirt/index.ts',
  'plan-2013': 'src/plan-2013/index.ts',
  qmp: 'src/monitor/qmp/index.ts',
  qtest: 'src/monitor/qtest/index.ts',
  monitor: 'src/monitor/server/index.ts',
  'core-dump': 'src/core-dump/index.ts',
  v86: 'src/v86/index.ts',
  testing: 'src/testing/index.ts',
  vitest: 'src/vitest/index.ts',
}
const programs = { cli: 'src/cli/main.ts', 'pvpanic-system': 'src/cli/system/main.ts' }

const common = {
  target: 'node20',
  splitting: true,
  sourcemap: false,
  treeshake: true,
  external: ['v86', 'vitest'],
  shims: true,
}

// One build for both formats shares chunks between the entry points, so a class is the same class from each of them.
export default defineConfig([
  { ...common, entry: libraries, format: ['esm', 'cjs'], dts: true },
  { ...common, entry: programs, format: ['esm'], dts: false },
])

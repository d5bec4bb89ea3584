import { defineConfig } from 'vitest/config'

// What the other packages are to somebody who uses them on this runtime.
const conditions = 'Bun' in globalThis ? ['bun'] : 'Deno' in globalThis ? ['deno'] : []

// Thousands of random runs, on machines that do other things as well: a limit is for what hangs, not for what is slow.
export default defineConfig({
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } },
  test: {
    // A process for each file costs more than most tests do. By default vitest leaves one core unused.
    isolate: false,
    maxWorkers: '100%',
    testTimeout: 120_000,
    coverage: {
      include: ['src/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'html'],
      reportsDirectory: '.results/coverage',
      thresholds: { statements: 99, branches: 99, functions: 99, lines: 99 },
    },
  },
})

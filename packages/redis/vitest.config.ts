import { defineConfig } from 'vitest/config'

// Nothing here takes this long. The limits only allow for a machine that is busy with other work.
export default defineConfig({
  test: {
    // A process for each file costs more than most tests do. By default vitest leaves one core unused.
    isolate: false,
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { interval: 5, timeout: 55_000 } },
    coverage: {
      include: ['src/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'html'],
      reportsDirectory: '.results/coverage',
      thresholds: { statements: 99, branches: 99, functions: 98, lines: 99 },
    },
  },
})

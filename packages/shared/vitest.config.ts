import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // A process for each file costs more than most tests do. By default vitest leaves one core unused.
    isolate: false,
    maxWorkers: '100%',
    coverage: {
      include: ['src/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'html'],
      reportsDirectory: '.results/coverage',
      thresholds: { statements: 100, branches: 100, functions: 100, lines: 100 },
    },
  },
})

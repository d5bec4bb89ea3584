import { defineConfig } from 'vitest/config'

// Nothing here waits long when it is right; a machine at work on other things may make it seem so.
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: {
      include: ['src/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'html'],
      reportsDirectory: '.results/coverage',
      thresholds: { statements: 99, branches: 99, functions: 98, lines: 99 },
    },
  },
})

import { defineConfig } from 'vitest/config'

// Each program is a process, and the machine may be busy: the timeouts only bound a hang.
export default defineConfig({
  test: {
    // A process for each file costs more than most tests do. By default vitest leaves one core unused.
    isolate: false,
    maxWorkers: '100%',
    include: ['{test,marbles,operators,.vitepress}/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxConcurrency: 2,
    expect: { poll: { timeout: 60_000 } },
  },
})

import { defineConfig } from 'vitest/config'

// The machine may be busy: the timeouts only bound a hang.
export default defineConfig({
  test: {
    // A process for each file costs more than most tests do. By default vitest leaves one core unused.
    isolate: false,
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})

import { defineConfig } from 'vitest/config'

// Nothing here waits long when it is right; a machine at work on other things may make it seem so.
export default defineConfig({
  test: {
    // A process for each file costs more than most tests do. By default vitest leaves one core unused.
    isolate: false,
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})

import { defineConfig } from 'vitest/config'

// Real sockets and browsers, on machines that do other things as well: a limit is for what hangs, not for what is slow.
export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxConcurrency: 10,
    expect: { poll: { timeout: 60_000, interval: 10 } },
  },
})

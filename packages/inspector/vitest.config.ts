import { defineConfig } from 'vitest/config'

// The machine may be busy: the timeouts only bound a hang.
export default defineConfig({
  test: { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000, interval: 20 } } },
})

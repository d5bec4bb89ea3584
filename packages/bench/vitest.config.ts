import { defineConfig } from 'vitest/config'

// The machine may be busy: the timeouts only bound a hang.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 120_000 } })

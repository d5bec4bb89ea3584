import { defineConfig } from 'vitest/config'

// Processes and browsers, on machines that do other things as well: a limit is for what hangs, not for what is slow.
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } })

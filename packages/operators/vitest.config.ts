import { defineConfig } from 'vitest/config'

// Thousands of random runs, on machines that do other things as well: a limit is for what hangs, not for what is slow.
export default defineConfig({ test: { testTimeout: 120_000 } })

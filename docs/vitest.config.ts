import { defineConfig } from 'vitest/config'

// A process for each program, on machines that do other things as well: a limit is for what hangs, not for what is slow.
export default defineConfig({
  test: {
    include: ['{test,marbles,operators,.vitepress}/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxConcurrency: 2,
  },
})

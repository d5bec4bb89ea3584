import { defineConfig } from 'vitest/config'

// Each program is a process, and the machine may be busy: the timeouts only bound a hang.
export default defineConfig({
  test: {
    include: ['{test,marbles,operators,.vitepress}/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxConcurrency: 2,
    expect: { poll: { timeout: 60_000 } },
  },
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Servers, sockets and child processes on a machine that may be busy: this bounds a hang, and measures nothing.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})

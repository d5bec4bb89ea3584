import { defineConfig } from 'vitest/config'

// What the other packages are to somebody who uses them on this runtime.
const conditions = 'Bun' in globalThis ? ['bun'] : 'Deno' in globalThis ? ['deno'] : []

export default defineConfig({
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } },
  test: {
    // Servers, sockets and child processes on a machine that may be busy: this bounds a hang, and measures nothing.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})

import { defineConfig } from 'vitest/config'

// The export conditions of the other packages on this runtime.
const conditions = 'Bun' in globalThis ? ['bun'] : 'Deno' in globalThis ? ['deno'] : []

export default defineConfig({
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } },
  test: {
    // A process for each file costs more than most tests do. By default vitest leaves one core unused.
    isolate: false,
    maxWorkers: '100%',
    coverage: {
      include: ['src/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'html'],
      reportsDirectory: '.results/coverage',
      thresholds: { statements: 99, branches: 98, functions: 99, lines: 99 },
    },
    // The machine may be busy with servers, sockets and child processes: the timeouts only bound a
    // hang. A poll gives up before its test does, so that its message is shown.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 20_000, interval: 5 } },
  },
})

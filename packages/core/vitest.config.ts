import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Bun and Deno get the entry `web` and the platform `edge` by the conditions of package.json. The tests follow them, in src.
const edge = 'Bun' in globalThis || 'Deno' in globalThis
const platform = fileURLToPath(new URL(`src/platform/${edge ? 'edge' : 'node'}.ts`, import.meta.url))

// The tests use real sockets and browsers on busy machines. A limit finds what hangs, not what is slow.
export default defineConfig({
  resolve: {
    alias: [
      { find: '#platform', replacement: platform },
      ...(edge ? [{ find: /^(.*\/src|\.\.)\/index\.ts$/, replacement: '$1/web.ts' }] : []),
    ],
  },
  test: {
    // A process for each file costs more than most tests do. By default vitest leaves one core unused.
    isolate: false,
    maxWorkers: '100%',
    coverage: {
      include: ['src/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'html'],
      reportsDirectory: '.results/coverage',
      thresholds: { statements: 99, branches: 99, functions: 99, lines: 99 },
    },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxConcurrency: 10,
    expect: { poll: { timeout: 60_000, interval: 10 } },
  },
})

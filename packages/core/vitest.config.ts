import { defineConfig } from 'vitest/config'

// Bun and Deno get another entry, by the `bun` and `deno` of package.json's exports: there the tests run against that one.
const edge = 'Bun' in globalThis || 'Deno' in globalThis

// Real sockets and browsers, on machines that do other things as well: a limit is for what hangs, not for what is slow.
export default defineConfig({
  resolve: { alias: edge ? [{ find: /^(.*\/src|\.\.?)\/index\.ts$/, replacement: '$1/edge.ts' }] : [] },
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxConcurrency: 10,
    expect: { poll: { timeout: 60_000, interval: 10 } },
  },
})

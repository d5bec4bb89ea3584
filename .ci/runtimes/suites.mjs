import { resolve } from 'node:path'
import { chromiumPath } from '../../packages/testing/dist/programs/index.js'
import { readOutput } from './run.mjs'

const node = (major) => () => {
  const program = readOutput('npx', ['-y', '-p', `node@${major}`, '-c', 'command -v node'])
  // The examples of the READMEs may print nothing else.
  const env = { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' }
  return { program, env, version: () => `Node ${readOutput(program, ['-p', 'process.versions.node'])}` }
}
const bin = (name) => resolve('packages/server/node_modules/.bin', name)

export const runtimes = {
  'node-22': node(22),
  'node-24': () => ({ program: process.execPath, version: () => `Node ${process.versions.node}` }),
  'node-26': node(26),
  bun: () => ({
    program: bin('bun'),
    before: ['--bun'],
    // Bun lacks what vitest needs for child processes.
    after: ['--pool=threads'],
    version: () => `Bun ${readOutput(bin('bun'), ['--version'])}`,
  }),
  deno: () => ({
    program: bin('deno'),
    before: ['run', '--allow-all', '--no-lock'],
    version: () => `Deno ${readOutput(bin('deno'), ['eval', 'console.log(Deno.version.deno)'])}`,
  }),
  chromium: () => ({
    program: process.execPath,
    after: ['--config', resolve('.ci/chromium.config.mjs')],
    version: chromiumVersion,
  }),
  'chromium-page': () => ({ program: process.execPath, version: chromiumVersion }),
}

const chromiumVersion = () => /Chromium \d+/.exec(readOutput(chromiumPath(), ['--version']))[0]

const quickCore = [
  'src/stream/http-conformance.test.ts',
  'src/response/decoder',
  'src/stream/reconnect',
  'src/request/request.test.ts',
]
const quickOperators = [
  'src/decode',
  'src/filter',
  'src/window',
  'src/rate',
  'test/gate-to-the-socket.test.ts',
]

// Bun and Deno get the `web` entry of core, which has neither undici nor file checkpoints. These tests need undici, by
// itself or for HTTP/2, and what it says of a connection.
const notOnEdge = [
  '**/*browser*',
  '**/undici*.test.ts',
  '**/content-coding*.test.ts',
  '**/file-checkpoint.test.ts',
  '**/full-disk.test.ts',
  '**/describe-failure.test.ts',
  '**/transport/{abort,custom-fetch,http2,resets.property}.test.ts',
  '**/stream/{protocols,script}.property.test.ts',
]
// Bun has no node:sqlite, and these tests start Node.
const nodeStores = [
  '**/*browser*',
  '**/store/sqlite-store.test.ts',
  '**/store/shard-count.test.ts',
  '**/store/killed-processes.test.ts',
  '**/store/full-disk.test.ts',
]
// The tests that need no Node server: bytes, logs, rules, and the Fetch entry with a test of its own.
const serverAnywhere = [
  'src/wire',
  'src/log/event-log.conformance.test.ts',
  'src/log/sqlite-log.test.ts',
  'src/compression/gzip-member.property.test.ts',
  'src/access/header-rules.test.ts',
  'src/sink/event-map.test.ts',
  'src/adapter/runtimes.test.ts',
]

/** The test files for each runtime and package. `quick` lists the files for `--quick`. */
export const suites = [
  ...['node-22', 'node-24', 'node-26'].flatMap((runtime) => [
    { runtime, pkg: 'core', files: [], quick: quickCore, exclude: ['**/*browser*'] },
    { runtime, pkg: 'operators', files: [], quick: quickOperators, exclude: ['**/*browser*'] },
    { runtime, pkg: 'server', files: [], quick: serverAnywhere },
  ]),
  ...['bun', 'deno'].flatMap((runtime) => [
    { runtime, pkg: 'core', files: [], quick: quickCore, exclude: notOnEdge },
    { runtime, pkg: 'operators', files: [], quick: quickOperators, exclude: nodeStores },
    { runtime, pkg: 'server', files: serverAnywhere },
  ]),
  {
    runtime: 'chromium',
    pkg: 'operators',
    files: ['src/**/*.test.ts'],
    quick: ['src/{window,filter}/**/*.test.ts'],
    // The stores of Node, and tests that need its servers, processes or rejections. The browser's own store is below: its test
    // starts Chromium itself.
    exclude: [
      '**/store/**',
      '**/job/{byte-codec.property,completed-job.property,create-job,exactly-once.property,killed-job}.test.ts',
      '**/job/{slow-copy,unrepeatable-results.property}.test.ts',
      '**/decode/{decode-async,zod-rejections}.test.ts',
      '**/progress/outages.test.ts',
      '**/stage/operator-state.property.test.ts',
      '**/engine/queues/*.test.ts',
    ],
  },
  { runtime: 'chromium-page', pkg: 'operators', files: ['src/store/indexed-db-store.browser.test.ts'] },
  {
    runtime: 'chromium',
    pkg: 'core',
    files: [
      'src/stream/reconnect.test.ts',
      'src/stream/reconnect.property.test.ts',
      'src/checkpoint/storage-checkpoint.test.ts',
    ],
  },
  // The page runs in Chromium, its server in Node.
  {
    runtime: 'chromium-page',
    pkg: 'core',
    files: [
      'src/platform/browser.test.ts',
      'src/platform/http-conformance.browser.test.ts',
      'src/event-source/event-source.browser.test.ts',
      'src/tabs/tabs.browser.test.ts',
    ],
  },
]

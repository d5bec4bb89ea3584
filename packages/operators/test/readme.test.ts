import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as catalogue from '../src/index.ts'

const run = promisify(execFile)
const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
// Within the package, so that an example finds it by its name.
const folder = join(packageFolder, '.results', 'readme')

const examples = readme.split(/^##+ /m).flatMap((section, index) => {
  const title = index === 0 ? 'the first example' : section.slice(0, section.indexOf('\n'))
  return [...section.matchAll(/^```ts\n(.+?)^```$/gms)].map(([, code = '']) => ({ title, code }))
})

const printed: Readonly<Record<string, readonly string[]>> = {
  'the first example': [
    '1969-12-31T23:30:00.000Z magnitude 4: 1 up to 4.5',
    'invalid 3 Invalid input: expected number, received string',
    '1970-01-01T00:00:00.000Z magnitude 4: 2 up to 4.9',
    '1970-01-01T00:30:00.000Z magnitude 4: 1 up to 4.9',
    '1970-01-01T00:30:00.000Z magnitude 6: 1 up to 6.1',
    '1970-01-01T01:00:00.000Z magnitude 6: 1 up to 6.1',
  ],
  'Rolling metrics': [
    '0 60 { mean: 29.5, highest: 59, lowest: 0, n: 60 }',
    '10 70 { mean: 39.5, highest: 69, lowest: 10, n: 60 }',
    '20 80 { mean: 49.5, highest: 79, lowest: 20, n: 60 }',
    '30 90 { mean: 59.5, highest: 89, lowest: 30, n: 60 }',
  ],
  'Price moves': ['x 117 12.5 %', 'y 9 -10.0 %'],
  'Repository activity': ['rxsse push 0 3 2', 'rxsse star 60 1 1'],
  'Trending topics': ['rx 3 bob ann', 'sse 1 ann'],
  'System alerts': [
    'db-1 cpu 76 normal -> warning',
    'db-1 cpu 91 warning -> critical',
    'db-1 cpu 20 critical -> normal',
    'db-1 memory 88 normal -> warning',
  ],
  'An authenticated, filtered source': ['a hot', 'rejected {"host":5}', 'b full'],
  'Handling what takes time': ['stored a', 'handled up to 1', 'stored b', 'handled up to 2'],
  Measuring: ['words 4 in, 3 out, 1 dropped, 3 keys'],
}

/** What example.com is: each stream once, then 204. */
const streams: Readonly<Record<string, readonly string[]>> = {
  '/quakes': [
    'id: 1\ndata: {"time":600000,"magnitude":4.5}',
    'id: 2\ndata: {"time":2400000,"magnitude":4.9}',
    'id: 3\ndata: {"time":2400000,"magnitude":"strong"}',
    'id: 4\ndata: {"time":4000000,"magnitude":6.1}',
  ],
  '/alerts': [
    'id: 1\nevent: metric\ndata: {"host":"a"}',
    'id: 2\nevent: alert.cpu\ndata: {"host":"a","message":"hot"}',
    'id: 3\nevent: alert.cpu\ndata: {"host":5}',
    'id: 4\nevent: alert.disk\ndata: {"host":"b","message":"full"}',
  ],
  '/orders': ['id: 1\ndata: a', 'id: 2\ndata: b'],
}

const server = createServer((request: IncomingMessage, response) => {
  const blocks = streams[request.url ?? '']
  if (request.url === '/alerts' && request.headers.authorization !== 'Bearer secret')
    response.writeHead(401).end()
  else if (blocks === undefined || request.headers['last-event-id'] !== undefined)
    response.writeHead(204).end()
  else {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.end(`retry: 10\n\n${blocks.map((block) => `${block}\n\n`).join('')}`)
  }
})

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  for (const [i, { code }] of examples.entries()) {
    writeFileSync(
      join(folder, `example-${i}.ts`),
      code.replaceAll('https://example.com/', `http://127.0.0.1:${port}/`),
    )
  }
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

describe('the README', () => {
  it('typechecks', async () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      noEmit: true,
      types: ['node'],
      skipLibCheck: true,
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    const { stdout } = await run('tsc', ['-p', folder]).catch((error) => error)
    expect(stdout).toBe('')
  }, 60_000)

  it.each(examples.map(({ title }, i) => [title, i] as const))(
    'runs as it says: %s',
    async (title, i) => {
      const { stdout, stderr } = await run(process.execPath, [`example-${i}.ts`], { cwd: folder })
      expect(stderr).toBe('')
      expect(stdout.trimEnd().split('\n')).toEqual(printed[title])
    },
    60_000,
  )

  it('names every operator that there is', () => {
    const functions = Object.entries(catalogue)
      .filter(([name, value]) => typeof value === 'function' && !/^[A-Z]/.test(name))
      .map(([name]) => name)
    expect(functions.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([])
  })
})

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fromEventSource } from '@rxsse/core'
import { createScriptedServer } from '@rxsse/testing'
import { filter, firstValueFrom, take, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
// Within the package, so that an example finds the packages by their names.
const results = fileURLToPath(new URL('../.results/', import.meta.url))
mkdirSync(results, { recursive: true })

/** The blocks of a page's TypeScript, as the one program they are read as. */
function program(page: string): string {
  const text = readFileSync(join(root, page), 'utf8')
  return Array.from(text.matchAll(/^```ts\n(.+?)^```$/gms), ([, code]) => code).join('\n')
}

const start = Date.UTC(2026, 0, 1)
const events = (data: (minute: number) => unknown[]): string[] =>
  [0, 1, 2].flatMap((minute) => data(minute).map((value) => `data: ${JSON.stringify(value)}\n\n`))

describe.each([
  {
    page: 'README.md',
    endpoint: 'https://example.com/trades',
    body: events((minute) =>
      [10, 12, 11].map((price) => ({ symbol: 'A', price: price + minute, time: start + minute * 60_000 })),
    ),
    told: { key: 'A', value: { trades: 3, high: 12, low: 10 } },
  },
  {
    page: 'docs/README.md',
    endpoint: 'https://stream.wikimedia.org/v2/stream/recentchange',
    body: events((minute) =>
      ['ann', 'bob', 'ann'].map((user) => ({ wiki: 'enwiki', user, timestamp: start / 1000 + minute * 60 })),
    ),
    told: { key: 'enwiki', value: { changes: 3, users: 2 } },
  },
])('$page', ({ page, endpoint, body, told }) => {
  it('is a program that type-checks, runs, and shows what it says', async () => {
    const opened = Promise.withResolvers<void>()
    await using source = await createScriptedServer(() => ({
      status: 200,
      body: [{ until: opened.promise }, ...body, 'HOLD'],
    }))
    const port = await freePort()
    const folder = mkdtempSync(join(results, 'docs-'))
    let child: ChildProcess | undefined
    try {
      const file = join(folder, 'example.ts')
      writeFileSync(
        file,
        program(page).replaceAll(endpoint, source.url).replace('listen(8080)', `listen(${port})`),
      )
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
      await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', folder])

      child = spawn(process.execPath, [file], { stdio: ['ignore', 'ignore', 'inherit'] })
      const state = {
        next: ({ status }: { status: string }) => {
          if (status === 'open') opened.resolve()
        },
      }
      // Until the example listens, connections are refused and tried again.
      const reconnect = { initialDelay: '100ms', maxDelay: '100ms' } as const
      const [first] = await firstValueFrom(
        fromEventSource(`http://127.0.0.1:${port}/`, { state, reconnect }).pipe(
          filter(({ type }) => type === 'minute'),
          take(1),
          toArray(),
        ),
      )
      expect(JSON.parse(first?.data ?? '')).toMatchObject({
        ...told,
        window: { start, end: start + 60_000 },
        pane: 'on-time',
      })
    } finally {
      child?.kill()
      if (child !== undefined && child.exitCode === null && child.signalCode === null)
        await once(child, 'exit')
      rmSync(folder, { recursive: true })
    }
  })
})

const tsconfig = {
  extends: '../../../../tsconfig.base.json',
  compilerOptions: {
    composite: false,
    declaration: false,
    isolatedDeclarations: false,
    noEmit: true,
    noUnusedLocals: false,
    types: ['node'],
    lib: ['es2023', 'dom'],
  },
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

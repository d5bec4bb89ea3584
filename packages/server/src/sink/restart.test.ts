import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromEventSource } from '@rxsse/core'
import { referenceParse } from '@rxsse/testing'
import { chromiumFlags, chromiumPath } from '@rxsse/testing/programs'
import { createEventSource } from 'eventsource-client'
import { chromium as browserType } from 'playwright-core'
import { EventSource } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CHILD_ENV } from '../../test/child-env.ts'
import { openReader } from '../../test/reader.ts'

const CHROMIUM = chromiumPath()
const HAS_CURL = spawnSync('curl', ['--version']).status === 0
const PROGRAM = new URL('../../test/counting-server.ts', import.meta.url).pathname

/** Starts the counting server. `restart` kills it and starts it again on the same port. */
async function startCounting(): Promise<{ url: string; restart(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'rxsse-restart-'))
  let child: ChildProcess | undefined
  const start = async (port: string): Promise<string> => {
    child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', PROGRAM, join(directory, 'events.db'), port],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: CHILD_ENV,
      },
    )
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer]
    return line.toString().trim()
  }
  const kill = async () => {
    child?.kill('SIGKILL')
    if (child !== undefined) await once(child, 'exit')
  }
  onTestFinished(async () => {
    await kill()
    rmSync(directory, { recursive: true, force: true })
  })
  const port = await start('0')
  return {
    url: `http://127.0.0.1:${port}/`,
    async restart() {
      await kill()
      await start(port)
    },
  }
}

/** Restarts the server twice, and checks that a client has every number once. */
async function expectEveryNumberOnce(seen: number[], restart: () => Promise<void>): Promise<void> {
  for (let restarts = 0; restarts < 2; restarts++) {
    const before = seen.length
    await expect.poll(() => seen.length).toBeGreaterThanOrEqual(before + 20)
    await restart()
  }
  const before = seen.length
  await expect.poll(() => seen.length).toBeGreaterThanOrEqual(before + 20)
  const [first = 0] = seen
  expect(seen).toEqual(seen.map((_, i) => first + i))
}

describe('if a server with sqliteLog is killed and restarted, every event arrives exactly once', {
  timeout: 120_000,
}, () => {
  it('for @rxsse/core', async () => {
    const { url, restart } = await startCounting()
    const seen: number[] = []
    const gaps: unknown[] = []
    const reading = fromEventSource(url, { reconnect: { initialDelay: 20 } }).subscribe((event) => {
      if (event.type === 'gap') gaps.push(event)
      else seen.push(Number(event.data))
    })
    onTestFinished(() => reading.unsubscribe())
    await expectEveryNumberOnce(seen, restart)
    expect(gaps).toEqual([])
  })

  it("for undici's EventSource", async () => {
    const { url, restart } = await startCounting()
    const seen: number[] = []
    const source = new EventSource(url)
    onTestFinished(() => source.close())
    source.addEventListener('message', ({ data }) => seen.push(Number(data)))
    await expectEveryNumberOnce(seen, restart)
  })

  it.runIf(CHROMIUM !== undefined)("for Chromium's EventSource, compressed", async () => {
    const { url, restart } = await startCounting()
    const browser = await browserType.launch({
      executablePath: CHROMIUM ?? '',
      args: [...chromiumFlags],
    })
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    const seen: number[] = []
    await page.exposeFunction('see', (n: number) => seen.push(n))
    await page.evaluate(`new EventSource('${url}').onmessage = ({ data }) => see(Number(data))`)
    await expectEveryNumberOnce(seen, restart)
  })

  it.runIf(HAS_CURL)('for curl with the last id', async () => {
    const { url, restart } = await startCounting()
    const seen: number[] = []
    let lastEventId = ''
    for (let connections = 0; connections < 3; connections++) {
      const curl = spawn('curl', ['-sN', '--compressed', '-H', `Last-Event-ID: ${lastEventId}`, url])
      const chunks: Buffer[] = []
      curl.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
      const read = () => referenceParse(Buffer.concat(chunks), lastEventId)
      await expect.poll(() => read().events.length).toBeGreaterThanOrEqual(20)
      await restart()
      if (curl.exitCode === null) await once(curl, 'exit')
      const { events, lastEventId: id } = read()
      seen.push(...events.map(({ data }) => Number(data)))
      lastEventId = id
    }
    const [first = 0] = seen
    expect(seen).toEqual(seen.map((_, i) => first + i))
  })

  it('for eventsource-client', async () => {
    const { url, restart } = await startCounting()
    const seen: number[] = []
    const source = createEventSource({ url, onMessage: ({ data }) => seen.push(Number(data)) })
    onTestFinished(() => source.close())
    await expectEveryNumberOnce(seen, restart)
  })

  it('for a client that tracks the last id itself', async () => {
    const { url, restart } = await startCounting()
    const seen: number[] = []
    let lastEventId = ''
    for (let connections = 0; connections < 3; connections++) {
      const reader = await openReader(url, { headers: { 'last-event-id': lastEventId } })
      await reader.take(20)
      await restart()
      await reader.ended
      seen.push(...reader.events().map(({ data }) => Number(data)))
      lastEventId = reader.interpret().lastEventId
    }
    const [first = 0] = seen
    expect(seen).toEqual(seen.map((_, i) => first + i))
  })
})

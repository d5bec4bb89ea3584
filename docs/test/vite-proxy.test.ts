import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionState, fromEventSource } from '@rxsse/core'
import { createServer } from 'vite'
import { expect, it, onTestFinished } from 'vitest'

it('a proxy of Vite whose backend is killed leaves the stream open and silent; `timeouts.idle` ends it', async () => {
  const backend = await startBackend()
  const url = await startVite(backend.port)
  const silent: ConnectionState[] = []
  const watched: ConnectionState[] = []
  const first = read(url, silent)
  const second = read(url, watched, '2s')
  await expect.poll(() => [silent.at(-1)?.status, watched.at(-1)?.status]).toEqual(['open', 'open'])
  backend.child.kill('SIGKILL')
  await once(backend.child, 'exit')
  await expect.poll(() => watched.some(({ status }) => status === 'waiting')).toBe(true)
  expect(watched.find(({ status }) => status === 'waiting')).toMatchObject({
    reason: { code: 'idle-timeout' },
  })
  // Both connections were cut at the same moment, more than an idle timeout ago.
  expect(silent.at(-1)?.status).toBe('open')
  first.unsubscribe()
  second.unsubscribe()
})

function read(url: string, states: ConnectionState[], idle: '2s' | false = false) {
  const subscription = fromEventSource(url, {
    timeouts: { idle },
    state: { next: (state) => void states.push(state) },
  }).subscribe({ error: () => {} })
  onTestFinished(() => subscription.unsubscribe())
  return subscription
}

/** A process that sends an event each 100 ms. */
async function startBackend(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', BACKEND], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [port] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return { child, port: Number(port) }
}

const BACKEND = `
import { createServer } from 'node:http'
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  setInterval(() => response.write('data: x\\n\\n'), 100)
}).listen(0, '127.0.0.1', () => console.log(server.address().port))
`

async function startVite(backend: number): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'rxsse-vite-'))
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    cacheDir: join(root, '.vite'),
    server: {
      host: '127.0.0.1',
      port: 0,
      proxy: { '/live': { target: `http://127.0.0.1:${backend}` } },
    },
  })
  onTestFinished(async () => {
    await server.close()
    rmSync(root, { recursive: true })
  })
  await server.listen()
  const address = server.httpServer?.address() ?? null
  if (address === null || typeof address === 'string') throw new Error('Vite does not listen')
  return `http://127.0.0.1:${address.port}/live`
}

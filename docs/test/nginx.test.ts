import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromEventSource, type SseEvent, undiciTransport } from '@rxsse/core'
import { createSink, memoryLog, type Sink } from '@rxsse/server'
import { freePort, nginxPath } from '@rxsse/testing/programs'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'

const nginx = nginxPath()
const security = readFileSync(fileURLToPath(new URL('../security.md', import.meta.url)), 'utf8')

/** The `location` of the page, for a backend on another port. */
function locationOfThePage(backend: number): string {
  const block = /^```nginx\n(location \/live .*?)^```$/ms.exec(security)?.[1]
  if (block === undefined) throw new Error('docs/security.md has no location for nginx')
  const upstream = 'http://127.0.0.1:8080'
  if (!block.includes(upstream)) throw new Error(`the location has no ${upstream}`)
  return block.replace(upstream, `http://127.0.0.1:${backend}`)
}

describe.skipIf(nginx === undefined)('the location for nginx in docs/security.md', () => {
  it('passes each event on as it comes, and the head before the first event', async () => {
    const { sink, url } = await start()
    const reader = read(url)
    await expect.poll(() => sink.stats().connections).toBe(1)
    for (let n = 1; n <= 5; n++) {
      await sink.publish({ data: n })
      await expect.poll(() => reader.events.length).toBe(n)
    }
    expect(reader.statuses).toEqual(['connecting', 'open'])
  })

  it('passes compressed events on as they come', async () => {
    const { sink, url } = await start({ compression: 'shared' })
    const reader = read(url, { headers: { 'accept-encoding': 'gzip' } })
    await expect.poll(() => sink.stats().connections).toBe(1)
    for (let n = 1; n <= 5; n++) {
      await sink.publish({ data: n })
      await expect.poll(() => reader.events.length).toBe(n)
    }
  })

  it('passes on the name of the site, which `access` checks', async () => {
    const { port } = await start()
    expect(await statusOf(port, 'live.example.com')).toBe('HTTP/1.1 200 OK')
    expect(await statusOf(port, 'evil.example')).toBe('HTTP/1.1 403 Forbidden')
  })

  it('sets the address of the client, whatever the client sends, so that a limit counts by it', async () => {
    const { sink, url } = await start()
    // A limit of two for each address.
    for (let n = 0; n < 2; n++) read(url, { address: '127.0.0.2' })
    await expect.poll(() => sink.stats().connections).toBe(2)
    read(url, { address: '127.0.0.3' })
    await expect.poll(() => sink.stats().connections).toBe(3)
    const third = read(url, { address: '127.0.0.2', headers: { 'x-real-ip': '127.0.0.9' } })
    await expect.poll(() => third.statuses.includes('waiting')).toBe(true)
    expect(sink.stats().connections).toBe(3)
  })

  it('ends the connection to the sink when the client leaves', async () => {
    const { sink, url } = await start()
    const reader = read(url)
    await expect.poll(() => sink.stats().connections).toBe(1)
    reader.leave()
    await expect.poll(() => sink.stats().connections).toBe(0)
  })

  it('loses nothing when nginx is killed and started again', async () => {
    const { sink, url, restart } = await start()
    const reader = read(url)
    await expect.poll(() => sink.stats().connections).toBe(1)
    await sink.publish({ data: 1 })
    await expect.poll(() => reader.events.length).toBe(1)
    await restart(() => sink.publish({ data: 2 }))
    await sink.publish({ data: 3 })
    await expect.poll(() => reader.events.map(({ data }) => data)).toEqual(['1', '2', '3'])
  })
})

interface Started {
  readonly sink: Sink
  readonly port: number
  readonly url: string
  /** Kills nginx, calls a function, and starts nginx again. */
  restart(meanwhile: () => unknown): Promise<void>
}

/** The sink of the page, and nginx in front of it. */
async function start(options: { compression?: 'shared' } = {}): Promise<Started> {
  const sink = createSink({
    retry: '50ms',
    log: memoryLog({ capacity: 10_000 }),
    access: ({ url }) => (url.hostname === 'live.example.com' ? { allow: true } : { deny: 403 }),
    limits: {
      connectionsPerKey: 2,
      key: ({ headers }, user) => user ?? headers.get('x-real-ip') ?? 'none',
    },
    ...options,
  })
  const server = createServer(sink.handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    await sink.close()
    server.close()
  })
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-nginx-'))
  writeFileSync(
    join(folder, 'nginx.conf'),
    configuration(folder, port, (server.address() as AddressInfo).port),
  )
  let running = await startNginx(folder, port)
  onTestFinished(async () => {
    await kill(running)
    rmSync(folder, { recursive: true, force: true })
  })
  const restart = async (meanwhile: () => unknown) => {
    await kill(running)
    await meanwhile()
    running = await startNginx(folder, port)
  }
  return { sink, port, url: `http://live.example.com:${port}/live`, restart }
}

function configuration(folder: string, port: number, backend: number): string {
  return `
    daemon off;
    master_process off;
    pid ${folder}/nginx.pid;
    error_log stderr crit;
    events { worker_connections 256; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      server {
        listen 127.0.0.1:${port};
        ${locationOfThePage(backend)}
      }
    }
  `
}

async function startNginx(folder: string, port: number): Promise<ChildProcess> {
  const child = spawn(nginx as string, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: 'inherit',
  })
  const accepts = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy())
    })
  await expect.poll(accepts).toBe(true)
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

interface Reading {
  readonly events: SseEvent[]
  readonly statuses: string[]
  leave(): void
}

/** Reads from an address of this machine. The name of the site leads to nginx. */
function read(
  url: string,
  { address = '127.0.0.1', headers = {} }: { address?: string; headers?: Record<string, string> } = {},
): Reading {
  const dispatcher = new Agent({
    localAddress: address,
    connect: {
      lookup: (_name, { all }, done) =>
        all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
    },
  })
  const events: SseEvent[] = []
  const statuses: string[] = []
  const subscription = fromEventSource(url, {
    headers,
    transport: undiciTransport({ dispatcher }),
    reconnect: { initialDelay: 50 },
    state: { next: ({ status }) => void statuses.push(status) },
  }).subscribe((event) => void events.push(event))
  onTestFinished(async () => {
    subscription.unsubscribe()
    await dispatcher.destroy()
  })
  return { events, statuses, leave: () => subscription.unsubscribe() }
}

async function statusOf(port: number, host: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write(`GET /live HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  const [head] = await once(socket, 'data')
  return String(head).slice(0, String(head).indexOf('\r\n'))
}

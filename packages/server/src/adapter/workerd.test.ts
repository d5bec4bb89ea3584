import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { expect, it, onTestFinished } from 'vitest'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))

const CONFIGURATION = `
  using Workerd = import "/workerd/workerd.capnp";
  const config :Workerd.Config = (
    services = [(name = "main", worker = .worker)],
    sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
  );
  const worker :Workerd.Worker = (
    modules = [(name = "worker", esModule = embed "worker.js")],
    compatibilityDate = "2026-01-01",
    durableObjectNamespaces = [(className = "Prices", uniqueKey = "prices")],
    durableObjectStorage = (inMemory = void),
    bindings = [(name = "PRICES", durableObjectNamespace = "Prices")],
  );
`

/** The package in workerd, which is what Cloudflare's workers run on; gives its URL. */
async function started(): Promise<string> {
  const results = join(packageFolder, '.results')
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(join(results, 'worker-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const bundle = await rolldown({
    input: join(packageFolder, 'test/worker-runtime.js'),
    platform: 'browser',
    external: /^node:/,
  })
  await bundle.write({ file: join(folder, 'worker.js') })
  await bundle.close()
  writeFileSync(join(folder, 'config.capnp'), CONFIGURATION)
  const child = spawn(workerd(), ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  onTestFinished(async () => {
    const exit = once(child, 'exit')
    // Asked more politely, it waits for its clients.
    child.kill('SIGKILL')
    await exit
  })
  const [listening] = await once(child.stdio[3] as Readable, 'data')
  return `http://127.0.0.1:${JSON.parse(String(listening)).port}/`
}

/** The program itself, as what its package puts in front of it does not pass a kill on. */
function workerd(): string {
  const wrapper = createRequire(import.meta.url).resolve('workerd')
  const platform = `${process.platform}-${process.arch === 'x64' ? '64' : process.arch}`
  const manifest = createRequire(wrapper).resolve(`@cloudflare/workerd-${platform}/package.json`)
  return join(dirname(manifest), 'bin/workerd')
}

it('the Fetch way in, in a Durable Object of a worker: a first byte at once, events, and a client that leaves is seen by the next of them', async () => {
  const url = await started()
  const text = async (path: string) => (await fetch(url + path)).text()
  const leaving = new AbortController()
  const response = await fetch(url, { signal: leaving.signal })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
  const body = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())
  const reader = body.getReader()
  expect((await reader.read()).value).toMatch(/^retry: \d+\nid: .+-0\n\n$/)

  const id = await text('publish')
  expect((await reader.read()).value).toBe(`event: price\nid: ${id}\ndata: {"n":1}\n\n`)
  expect(await text('connections')).toBe('1')

  leaving.abort()
  await expect(reader.read()).rejects.toThrow()
  while ((await text('connections')) !== '0') await text('publish')
}, 60_000)

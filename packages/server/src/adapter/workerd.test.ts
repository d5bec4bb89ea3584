import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { expect, it, onTestFinished } from 'vitest'

const PACKAGE_FOLDER = fileURLToPath(new URL('../..', import.meta.url))

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

/** Starts the package in workerd, the runtime of Cloudflare's workers. Resolves to the URL. */
async function startWorkerd(): Promise<string> {
  const results = join(PACKAGE_FOLDER, '.results')
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(join(results, 'worker-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const bundle = await rolldown({
    input: join(PACKAGE_FOLDER, 'test/worker-runtime.js'),
    platform: 'browser',
    external: /^node:/,
  })
  await bundle.write({ file: join(folder, 'worker.js') })
  await bundle.close()
  writeFileSync(join(folder, 'config.capnp'), CONFIGURATION)
  const child = spawn(findWorkerd(), ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  onTestFinished(async () => {
    const exit = once(child, 'exit')
    // Any other signal makes it wait for its clients.
    child.kill('SIGKILL')
    await exit
  })
  const [listening] = await once(child.stdio[3] as Readable, 'data')
  return `http://127.0.0.1:${JSON.parse(String(listening)).port}/`
}

/** The program itself: the wrapper of its package does not pass a signal on. */
function findWorkerd(): string {
  const wrapper = createRequire(import.meta.url).resolve('workerd')
  const platform = `${process.platform}-${process.arch === 'x64' ? '64' : process.arch}`
  const manifest = createRequire(wrapper).resolve(`@cloudflare/workerd-${platform}/package.json`)
  return join(dirname(manifest), 'bin/workerd')
}

it('in a Durable Object, the Fetch adapter sends a first byte at once, and notices at the next event that a client has left', async () => {
  const url = await startWorkerd()
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

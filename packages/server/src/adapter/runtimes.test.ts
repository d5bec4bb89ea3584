import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'

const RUNTIMES = [
  { name: 'bun', command: ['run'] },
  { name: 'deno', command: ['run', '--allow-net', '--allow-env', '--allow-read', '--no-lock'] },
] as const

const PACKAGE_FOLDER = new URL('../..', import.meta.url)

describe.each(RUNTIMES)('the Fetch adapter on $name', ({ name, command }) => {
  it('sends the head and a first byte at once, sends events, and notices that its client leaves', async (context) => {
    const program = fileURLToPath(new URL(`node_modules/.bin/${name}`, PACKAGE_FOLDER))
    if (!existsSync(program)) {
      if (process.env.CI) throw new Error(`${name} is not installed`)
      context.skip(`${name} is not installed`)
    }
    const child = spawn(program, [...command, 'test/fetch-runtime.js'], {
      cwd: PACKAGE_FOLDER,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    // The program ends with its input, even if a wrapper started it.
    onTestFinished(() => void child.stdin.end())
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const port = /^port (\d+)$/.exec((await lines.next()).value ?? '')?.[1]
    const url = `http://127.0.0.1:${port}/`

    const leaving = new AbortController()
    const response = await fetch(url, { signal: leaving.signal })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(response.headers.get('cache-control')).toContain('no-store')
    const body = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())
    const reader = body.getReader()
    // Nothing has been published, and no heartbeat is due.
    expect((await reader.read()).value).toMatch(/^retry: \d+\nid: .+-0\n\n$/)

    const id = await (await fetch(`${url}publish`)).text()
    expect((await reader.read()).value).toBe(`event: price\nid: ${id}\ndata: {"n":1}\n\n`)

    expect((await lines.next()).value).toBe('opened')
    leaving.abort()
    await expect(reader.read()).rejects.toThrow()
    expect((await lines.next()).value).toBe('closed')
  }, 60_000)
})

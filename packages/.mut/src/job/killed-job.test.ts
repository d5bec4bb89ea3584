import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobMessage } from '../../test/job-process.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'

const program = fileURLToPath(new URL('../../test/job-process.ts', import.meta.url))
const EVENTS = 400

/** A stream that goes on after any event, a few events at a time. After the last one there is nothing any more. */
const server = createServer((request, response) => {
  let next = Number(request.headers['last-event-id'] ?? 0)
  if (next >= EVENTS) {
    response.writeHead(204).end()
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const timer = setInterval(() => {
    for (let n = 0; n < 4 && next < EVENTS; n++) {
      const data = {
        key: next % 3,
        time: 10_000 + next * 10 - ((next * 7919) % 40),
        value: (next * 7919) % 1009,
      }
      response.write(`id: ${++next}\ndata: ${JSON.stringify(data)}\n\n`)
    }
    if (next === EVENTS) response.end()
  }, 4)
  response.on('close', () => clearInterval(timer))
})
let url = ''

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => server.close())

interface Kill {
  /** How many snapshots the process saves before, and how many results it tells after that. */
  readonly saves: number
  readonly results: number
}

/** Runs a process until its stream ends or it is killed. */
async function run(args: readonly string[], log: Map<string, unknown>, kill?: Kill) {
  const child = fork(program, args, { execArgv: ['--disable-warning=ExperimentalWarning'] })
  const seen = { restoredFrom: 0, saved: 0 }
  let told = 0
  let left = kill?.results ?? Number.POSITIVE_INFINITY
  child.on('message', (message: JobMessage) => {
    if ('restoredFrom' in message) Object.assign(seen, message)
    else {
      if (!log.has(message.id)) log.set(message.id, message.value)
      if (seen.saved - seen.restoredFrom >= (kill?.saves ?? 0)) left--
      if (left === 0) child.kill('SIGKILL')
      // The channel may be gone already. Every seventh answer comes late.
      const answer = () => child.connected && child.send(message.id, () => {})
      if (++told % 7 === 0) setTimeout(answer, 5)
      else answer()
    }
  })
  await once(child, 'exit')
  return seen
}

describe('a job whose process is killed with SIGKILL', () => {
  it.each(['file', 'sqlite'])(
    'delivers each result once, with a %s store',
    async (kind) => {
      const expected = new Map<string, unknown>()
      await run([url, kind, join(temporaryFolder(), 'job')], expected)
      expect(expected.size).toBeGreaterThan(EVENTS)

      const log = new Map<string, unknown>()
      const path = join(temporaryFolder(), 'job')
      let restored = 0
      for (const [saves, results] of [
        [0, 30],
        [1, 50],
        [1, 1],
        [2, 90],
        [1, 7],
      ] as const) {
        const { restoredFrom } = await run([url, kind, path], log, { saves, results })
        if (restoredFrom > 0) restored++
      }
      const { restoredFrom } = await run([url, kind, path], log)
      expect(restoredFrom).toBeGreaterThan(0)
      expect(restored).toBeGreaterThan(1)
      expect([...log].sort()).toEqual([...expected].sort())
    },
    180_000,
  )
})

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Attempt, createScriptedServer, type ScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { transports } from '../../test/transports.ts'
import { createFlowGate, fromEventSource } from '../index.ts'

const attempt: fc.Arbitrary<Attempt> = fc.constantFrom<Attempt>(
  { status: 200, body: ['id: 1\ndata: a\n\ndata: b\n\n: c\n\ndata: half'] },
  { status: 200, headers: { 'content-encoding': 'gzip' }, body: [{ gzip: 'data: a\n\ndata: b\n\n' }, 'CUT'] },
  { status: 200, body: ['data: a\n\n', 'RST'] },
  { status: 302, headers: { location: '/there' }, framing: 'length', body: [] },
  { status: 503, headers: { 'content-type': 'text/plain' }, body: ['down', { sleep: 5 }, 'HOLD'] },
  { raw: ['RST'] },
  { raw: ['HTTP/1.1 200 OK\r\n', 'HOLD'] },
  { status: 200, body: ['data: a\n\n', 'HOLD'] },
)

describe.each(transports)('over %s', (_, transport) => {
  it('a stream that is unsubscribed at any step leaves no timer and no socket, and emits nothing more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(attempt, { minLength: 1, maxLength: 6 }),
        fc.nat(20),
        fc.boolean(),
        async (attempts, steps, gated) => {
          await using server = await createScriptedServer(({ index }) => attempts[index % attempts.length])
          const clock = new VirtualClock()
          const gate = createFlowGate({ high: 1, low: 0 })
          let said = 0
          let unsubscribed = false
          await new Promise<void>((resolve) => {
            const step = (): void => {
              if (unsubscribed) throw new Error('it spoke after it had been unsubscribed')
              if (said++ === steps) {
                unsubscribed = true
                subscription.unsubscribe()
                resolve()
              }
            }
            // Time passes whenever nothing else happens: for the timeouts, and the waiting.
            const time = setInterval(() => {
              if (unsubscribed) clearInterval(time)
              else clock.advanceBy(10_000)
            }, 10)
            const subscription = fromEventSource(server.url, {
              transport,
              scheduler: clock,
              timeouts: { connect: '1m', head: '1m', idle: '1m' },
              comments: { next: step },
              state: {
                next({ status }) {
                  if (status !== 'closed') step()
                },
              },
              ...(gated && { gate }),
            }).subscribe({
              next() {
                gate.acquire()
                setTimeout(() => gate.release())
                step()
              },
              // Over before its time.
              error() {
                unsubscribed = true
                resolve()
              },
            })
          })
          expect(clock.timers).toBe(0)
          await arrivalOfOneMore(server)
          await Promise.all(server.requests.map(({ index }) => server.closed(index)))
          const count = server.requests.length
          clock.advanceBy(3_600_000)
          await new Promise((resolve) => setTimeout(resolve, 5))
          expect(server.requests).toHaveLength(count)
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  })
})

/** What was sent before arrives before it: after this, every request on its way has been recorded. */
async function arrivalOfOneMore(server: ScriptedServer): Promise<void> {
  const socket = connect(server.port, '127.0.0.1', () =>
    socket.write('GET /one-more HTTP/1.1\r\nHost: test\r\n\r\n'),
  )
  socket.on('error', () => {})
  await expect
    .poll(() => server.requests.some(({ path }) => path === '/one-more'), { interval: 1 })
    .toBe(true)
  socket.destroy()
}

it('a process whose streams are over, or unsubscribed at any moment, ends by itself', async () => {
  await using server = await createScriptedServer(({ index }) => ({
    status: 200,
    keepAlive: index % 2 === 0,
    body: index % 3 === 0 ? ['data: a\n\n'] : ['data: a\n\n', 'HOLD'],
  }))
  const program = fork(fileURLToPath(new URL('../../test/come-and-go.ts', import.meta.url)), [server.url])
  expect(await once(program, 'exit')).toEqual([0, null])
})

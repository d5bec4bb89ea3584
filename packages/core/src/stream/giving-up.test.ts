import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'

const soon = { initialDelay: 1, minDelay: 1, jitter: 0 } as const

describe('a stream of a single response', () => {
  it('completes at the end of the response', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\ndata: [DONE]\n\n'] }])
    const stream = record(server.url, { reconnect: false })
    expect(await stream.over()).toBeUndefined()
    expect(stream.data).toEqual(['a', '[DONE]'])
  })

  for (const ending of ['CUT', 'RST'] as const) {
    it(`errors if its connection ends by ${ending}`, async () => {
      await using server = await createScriptedServer([
        { status: 200, body: ['data: a\n\n', { sleep: 50 }, ending] },
      ])
      const stream = record(server.url, { method: 'POST', body: '{}' })
      expect(await stream.over()).toMatchObject({ code: 'network' })
      expect(stream.data).toEqual(['a'])
      expect(server.requests).toHaveLength(1)
    })
  }
})

describe('giving up', () => {
  it('after maxAttempts in a row', async () => {
    await using server = await createScriptedServer(() => ({ status: 500, body: [] }))
    const stream = record(server.url, { reconnect: { ...soon, maxAttempts: 3 } })
    expect(await stream.over()).toMatchObject({
      code: 'retries-exhausted',
      attempt: 3,
      status: 500,
      cause: { code: 'http-status' },
    })
    expect(server.requests).toHaveLength(3)
  })

  it('when decide throws', async () => {
    await using server = await createScriptedServer([{ status: 200, body: [] }])
    const cause = new Error('undecided')
    const stream = record(server.url, {
      reconnect: {
        decide() {
          throw cause
        },
      },
    })
    expect(await stream.over()).toMatchObject({ code: 'request', message: 'reconnect.decide threw', cause })
  })

  it('the count restarts after a healthy connection', async () => {
    await using server = await createScriptedServer(({ index }) =>
      index === 2 ? { status: 200, body: ['data: a\n\n', 'HOLD'] } : { raw: ['RST'] },
    )
    const clock = new VirtualClock()
    const stream = record(server.url, {
      scheduler: clock,
      timeouts: { idle: '30s' },
      reconnect: { jitter: 0 },
    })
    const delays: number[] = []
    for (let nth = 1; nth <= 4; nth++) {
      if (nth === 3) {
        await stream.received(1)
        clock.advanceBy(30_000)
      }
      const { delay } = await stream.state('waiting', nth)
      delays.push(delay)
      clock.advanceBy(delay)
    }
    expect(delays).toEqual([1000, 2000, 1000, 2000])
    stream.subscription.unsubscribe()
  })
})

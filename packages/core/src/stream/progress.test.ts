import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { delaysOf } from '../../test/delays.ts'
import { record } from '../../test/record.ts'
import { type ConnectionEnd, defaultDecide } from '../index.ts'

describe('progress', () => {
  it('keeps the delay at what a polling server asks for, over many connections', async () => {
    await using server = await createScriptedServer(({ index }) => ({
      status: 200,
      body: [`retry: 2000\nid: ${index + 1}\ndata: ${index + 1}\n\n`],
    }))
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, random: () => 0, reconnect: { maxAttempts: 2 } })
    expect(await delaysOf(stream, clock, 6)).toEqual([2000, 2000, 2000, 2000, 2000, 2000])
    await stream.received(7)
    expect(stream.data).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    stream.subscription.unsubscribe()
  })

  it('is a last event ID that moves, without any event that is delivered', async () => {
    await using server = await createScriptedServer(({ index }) => ({
      status: 200,
      body: [`event: other\nid: ${index + 1}\ndata: a\n\n`],
    }))
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, random: () => 0, events: ['mine'] })
    expect(await delaysOf(stream, clock, 4)).toEqual([1000, 1000, 1000, 1000])
    stream.subscription.unsubscribe()
  })

  it('is not a page that is empty, nor the ID that the stream has already', async () => {
    await using server = await createScriptedServer(({ index }) => ({
      status: 200,
      body: [index === 2 ? 'id: 2\n\n' : index === 0 ? 'id: 1\n\n' : 'id: 1\n\n: nothing\n\n'],
    }))
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, random: () => 0, lastEventId: '1' })
    // The third connection moves the ID, and the fourth moves it back.
    expect(await delaysOf(stream, clock, 7)).toEqual([1000, 2000, 1000, 1000, 1000, 2000, 4000])
    stream.subscription.unsubscribe()
  })

  it('is an event that is filtered out, without any ID', async () => {
    const json = { status: 200, headers: { 'content-type': 'text/plain' }, body: ['a'] }
    await using server = await createScriptedServer(({ index }) =>
      index % 2 === 0 ? { status: 200, body: ['event: other\ndata: a\n\n'] } : json,
    )
    const clock = new VirtualClock()
    const stream = record(server.url, {
      scheduler: clock,
      random: () => 0,
      events: ['mine'],
      otherContent: { 'text/plain': (data) => [{ data }] },
      reconnect: { maxAttempts: 1 },
    })
    expect(await delaysOf(stream, clock, 6)).toEqual([1000, 1000, 1000, 1000, 1000, 1000])
    stream.subscription.unsubscribe()
  })

  it('is a quiet connection that was open as long as the delay would be, and a second', async () => {
    const ends: (() => void)[] = []
    await using server = await createScriptedServer(() => ({
      status: 200,
      body: [': hello\n\n', { until: new Promise<void>((resolve) => void ends.push(resolve)) }],
    }))
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, random: () => 0 })
    const delays: number[] = []
    for (const [index, open] of [16_000, 16_000, 999, 1999, 3999, 8000, 1000].entries()) {
      await stream.state('open', index + 1)
      await expect.poll(() => stream.comments.length).toBe(index + 1)
      clock.advanceBy(open)
      ends[index]?.()
      delays.push((await stream.state('waiting', index + 1)).delay)
      clock.advanceBy(delays.at(-1) as number)
    }
    expect(delays).toEqual([1000, 1000, 1000, 2000, 4000, 1000, 1000])
    stream.subscription.unsubscribe()
  })

  it('does not make a cut connection healthy', async () => {
    await using server = await createScriptedServer(({ index }) => ({
      status: 200,
      body: [`id: ${index}\ndata: a\n\n`, 'CUT'],
    }))
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, random: () => 0 })
    expect(await delaysOf(stream, clock, 3)).toEqual([1000, 2000, 4000])
    stream.subscription.unsubscribe()
  })
})

describe('decide', () => {
  it('is told of each end what it needs', async () => {
    await using server = await createScriptedServer([
      { status: 503, headers: { 'retry-after': '2' }, body: ['busy'] },
      { status: 200, body: ['id: 1\ndata: a\n\nevent: other\ndata: b\n\n', 'CUT'] },
      { status: 200, body: ['data: c\n\n'] },
      { status: 401, body: [] },
    ])
    const ends: ConnectionEnd[] = []
    const stream = record(server.url, {
      events: ['message'],
      reconnect: {
        minDelay: 1,
        decide(end) {
          ends.push(end)
          return end.error?.status === 401 ? 'fail' : { retry: 1 }
        },
      },
    })
    expect(await stream.over()).toMatchObject({ code: 'http-status', status: 401 })
    const busy = { code: 'http-status', status: 503, retryAfter: 2000 }
    const cut = { code: 'network' }
    expect(ends).toMatchObject([
      { error: busy, attempt: 1, failures: 0, opened: false, events: 0, retryAfter: 2000 },
      { error: cut, attempt: 2, failures: 1, opened: true, events: 1, previousError: busy },
      { error: undefined, attempt: 3, failures: 2, opened: true, events: 1, previousError: cut },
      { error: { status: 401 }, attempt: 4, failures: 0, opened: false, events: 0, previousError: undefined },
    ])
  })

  it('names a delay in place of the backoff, so that a fresh token is used at once, again and again', async () => {
    let valid = 1
    await using server = await createScriptedServer(({ headers, index }) => {
      if (headers.authorization !== `Bearer ${valid}`) return { status: 401, body: [] }
      valid += 1
      return { status: 200, body: [`id: ${index}\ndata: ${valid}\n\n`, 'CUT'] }
    })
    const clock = new VirtualClock()
    let token = 1
    const stream = record(server.url, {
      scheduler: clock,
      random: () => 0,
      headers: ({ previousError }) => {
        if (previousError?.status === 401) token += 1
        return { authorization: `Bearer ${token}` }
      },
      reconnect: {
        decide: (end) =>
          end.error?.status === 401 && end.previousError?.status !== 401 ? { retry: 0 } : defaultDecide(end),
      },
    })
    const delays = await delaysOf(stream, clock, 6)
    // A cut, then a 401, three times. The delay after a 401 is minDelay.
    expect(delays.filter((_, index) => index % 2 === 1)).toEqual([50, 50, 50])
    await stream.received(4)
    stream.subscription.unsubscribe()
  })

  it('that answers with no decision errors the stream', async () => {
    for (const answer of [undefined, null, true, 'later', {}, { retry: '1 week' }]) {
      await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n'] }])
      const stream = record(server.url, { reconnect: { decide: () => answer as 'retry' } })
      const error = await stream.over()
      expect(error).toMatchObject({ code: 'request', message: 'reconnect.decide threw' })
      expect(error?.cause).toBeInstanceOf(TypeError)
      expect(error?.cause).toMatchObject({
        message: expect.stringMatching(/^retry in the answer of reconnect\.decide must be/),
      })
    }
  })
})

describe('what the server asks for', () => {
  it('shows in the state and in the error', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['retry: 1500\n\n'] },
      { status: 429, headers: { 'retry-after': '7' }, body: [] },
      { status: 429, headers: { 'retry-after': '7' }, body: [] },
    ])
    const clock = new VirtualClock()
    const stream = record(server.url, {
      scheduler: clock,
      random: () => 0,
      reconnect: { maxAttempts: 3 },
    })
    expect(await stream.state('waiting')).toMatchObject({
      delay: 1500,
      serverRetry: 1500,
      retryAfter: undefined,
    })
    clock.advanceBy(1500)
    expect(await stream.state('waiting', 2)).toMatchObject({
      delay: 7000,
      serverRetry: 1500,
      retryAfter: 7000,
      reason: { retryAfter: 7000 },
    })
    clock.advanceBy(6999)
    expect(server.requests).toHaveLength(2)
    clock.advanceBy(1)
    expect(await stream.over()).toMatchObject({ code: 'retries-exhausted', status: 429, retryAfter: 7000 })
  })

  it('is in the error of a POST that is not sent again', async () => {
    await using server = await createScriptedServer([
      { status: 429, headers: { 'retry-after': '2' }, body: ['slow down'] },
    ])
    const stream = record(server.url, { method: 'POST', body: '{}' })
    expect(await stream.over()).toMatchObject({ code: 'http-status', status: 429, retryAfter: 2000 })
  })

  it('is waited for by a POST with unsafeMethods, each time', async () => {
    await using server = await createScriptedServer(({ index }) =>
      index < 2
        ? { status: 503, headers: { 'retry-after': '2' }, body: [] }
        : { status: 200, body: ['data: a\n\n', 'HOLD'] },
    )
    const clock = new VirtualClock()
    const stream = record(server.url, {
      method: 'POST',
      scheduler: clock,
      random: () => 0,
      reconnect: { unsafeMethods: true },
    })
    expect(await delaysOf(stream, clock, 2)).toEqual([2000, 2000])
    await stream.received(1)
    stream.subscription.unsubscribe()
  })
})

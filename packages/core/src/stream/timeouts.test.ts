import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { transports } from '../../test/transports.ts'
import { fetchTransport, type Transport } from '../index.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\n'

describe('a timeout', () => {
  it('for the head counts from the connection to the head of the response', async () => {
    await using server = await createScriptedServer([{ raw: ['HTTP/1.1 200 OK\r\n', 'HOLD'] }])
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, timeouts: { head: '5s' } })
    await server.request(0)
    clock.advanceBy(4999)
    expect(stream.statuses).toEqual(['connecting'])
    clock.advanceBy(1)
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'head-timeout', attempt: 1 })
    expect(await server.closed(0)).toBe('client')
    stream.subscription.unsubscribe()
  })

  it('for connecting ends when the connection stands, so that a late head is no fault, twice', async () => {
    await using server = await createScriptedServer(({ index }) =>
      index < 2
        ? { raw: [{ until: heads[index] as Promise<void> }, HEAD, 'data: a\n\n', { sleep: 5 }, 'CUT'] }
        : undefined,
    )
    const heads: Promise<void>[] = []
    const answer: (() => void)[] = []
    for (let index = 0; index < 2; index++) heads.push(new Promise((resolve) => answer.push(resolve)))
    const clock = new VirtualClock()
    const stream = record(server.url, {
      scheduler: clock,
      method: 'POST',
      reconnect: { unsafeMethods: true, jitter: 0 },
    })
    for (let index = 0; index < 2; index++) {
      await server.request(index)
      clock.advanceBy(299_999)
      answer[index]?.()
      await stream.received(index + 1)
      clock.advanceBy((await stream.state('waiting', index + 1)).delay)
    }
    await server.request(2)
    expect(stream.data).toEqual(['a', 'a'])
    expect(stream.statuses.filter((status) => status === 'open')).toHaveLength(2)
    stream.subscription.unsubscribe()
  })

  it('for connecting gives up a connection that does not come to stand', async () => {
    // The server accepts the connection, and never answers the TLS handshake.
    await using server = await createScriptedServer([{ raw: ['HOLD'] }])
    const clock = new VirtualClock()
    const stream = record(server.url.replace('http:', 'https:'), {
      scheduler: clock,
      timeouts: { head: '1s' },
    })
    await expect.poll(() => server.connections).toBe(1)
    clock.advanceBy(29_999)
    expect(stream.statuses).toEqual(['connecting'])
    clock.advanceBy(1)
    expect((await stream.state('waiting')).reason).toMatchObject({
      code: 'connect-timeout',
      message: 'nothing came within timeouts.connect, 30000 ms',
    })
    stream.subscription.unsubscribe()
  })

  it('for the head covers redirects, and connects again under it', async () => {
    await using server = await createScriptedServer([
      { status: 302, headers: { location: '/there' }, framing: 'length', body: [] },
      { raw: ['HOLD'] },
    ])
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, timeouts: { connect: '1s', head: '10s' } })
    await server.request(1)
    clock.advanceBy(9999)
    expect(stream.statuses).toEqual(['connecting'])
    clock.advanceBy(1)
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'head-timeout' })
    stream.subscription.unsubscribe()
  })

  it('that is false never fires', async () => {
    await using server = await createScriptedServer(() => ({ raw: ['HOLD'] }))
    const clock = new VirtualClock()
    const timeouts = { connect: false, head: false, idle: false } as const
    for (const [, transport] of transports) {
      const stream = record(server.url, { transport, scheduler: clock, timeouts })
      await expect.poll(() => stream.statuses).toEqual(['connecting'])
      expect(clock.timers).toBe(0)
      stream.subscription.unsubscribe()
    }
  })

  it('for the head counts from the start over fetch, which cannot tell when the connection stands', async () => {
    await using server = await createScriptedServer(() => ({ raw: ['HOLD'] }))
    const clock = new VirtualClock()
    const stream = record(server.url, {
      transport: fetchTransport(),
      scheduler: clock,
      timeouts: { connect: '1s', head: '40s' },
    })
    for (let nth = 1; nth <= 2; nth++) {
      await server.request(nth - 1)
      clock.advanceBy(39_999)
      await stream.state('connecting', nth)
      clock.advanceBy(1)
      const { reason, delay } = await stream.state('waiting', nth)
      expect(reason).toMatchObject({ code: 'head-timeout' })
      clock.advanceBy(delay)
    }
    stream.subscription.unsubscribe()
  })

  it('that fires before received events are delivered drops them and their ID, so that the next connection gets them', async () => {
    const clock = new VirtualClock()
    const cursors: (string | undefined)[] = []
    const delays: number[] = []
    const transport: Transport = {
      open({ headers }, handler) {
        cursors.push(headers['last-event-id'])
        queueMicrotask(() => {
          handler.onResponse({
            status: 200,
            headers: { 'content-type': 'text/event-stream' },
            url: 'http://a/',
          })
          handler.onData(Buffer.from('id: 1\ndata: a\n\n'))
          if (cursors.length > 1) return
          // Pieces of a turn are read at its end. A clock that leaps ahead, as after a sleep, ends this connection before.
          handler.onData(Buffer.from('id: 2\nretry: 9\ndata: b\n\n'))
          clock.advanceBy(60_000)
        })
        return { pause() {}, resume() {}, abort() {} }
      },
    }
    const stream = record('http://a/', {
      transport,
      scheduler: clock,
      timeouts: { idle: '1m' },
      reconnect: { jitter: 0 },
      lastEventId: '0',
    })
    delays.push((await stream.state('waiting')).delay)
    expect(stream.data).toEqual([])
    clock.advanceBy(1000)
    await stream.received(1)
    expect(cursors).toEqual(['0', '0'])
    expect(delays).toEqual([1000])
    stream.subscription.unsubscribe()
  })

  it('for connecting covers a header factory that hangs', async () => {
    const clock = new VirtualClock()
    const stream = record('http://127.0.0.1:1', {
      headers: () => new Promise(() => {}),
      scheduler: clock,
    })
    clock.advanceBy(30_000)
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'connect-timeout' })
    stream.subscription.unsubscribe()
  })

  it('for connecting is over once the stream is open', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['HOLD'] }])
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock })
    await stream.state('open')
    clock.advanceBy(3_600_000)
    expect(stream.statuses).toEqual(['connecting', 'open'])
    expect(clock.timers).toBe(0)
    stream.subscription.unsubscribe()
  })

  it('for silence is held off by comments, and gives a silent connection up', async () => {
    let beat: () => void = () => {}
    const heartbeat = new Promise<void>((resolve) => {
      beat = resolve
    })
    await using server = await createScriptedServer([
      { status: 200, body: [{ until: heartbeat }, ':\n', 'HOLD'] },
    ])
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, timeouts: { idle: '1m' } })
    await stream.state('open')
    clock.advanceBy(59_999)
    beat()
    await expect.poll(() => stream.comments).toEqual([''])
    clock.advanceBy(59_999)
    expect(stream.statuses).toEqual(['connecting', 'open'])
    clock.advanceBy(1)
    expect((await stream.state('waiting')).reason).toMatchObject({
      code: 'idle-timeout',
      message: 'nothing came within timeouts.idle, 60000 ms',
    })
    expect(await server.closed(0)).toBe('client')
    stream.subscription.unsubscribe()
  })

  it('for silence still fires in time if the clock is set back by an hour', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const clock = new VirtualClock()
    let setBack = 0
    clock.now = () => clock.frame - setBack
    const stream = record(server.url, { scheduler: clock, timeouts: { idle: '1m' } })
    await stream.received(1)
    setBack = 3_600_000
    clock.advanceBy(120_000)
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'idle-timeout' })
    stream.subscription.unsubscribe()
  })
})

import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { describe, expect, it } from 'vitest'
import { record } from '../test/record.ts'

describe('a timeout', () => {
  it('for connecting counts until the response head', async () => {
    await using server = await createScriptedServer([{ raw: ['HTTP/1.1 200 OK\r\n', 'HOLD'] }])
    const clock = new VirtualClock()
    const stream = record(server.url, { scheduler: clock, timeouts: { connect: '5s' } })
    await server.request(0)
    clock.advanceBy(4999)
    expect(stream.statuses).toEqual(['connecting'])
    clock.advanceBy(1)
    expect((await stream.state('waiting')).reason).toMatchObject({ code: 'connect-timeout', attempt: 1 })
    expect(await server.closed(0)).toBe('client')
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
      message: 'no byte came for 60000 ms',
    })
    expect(await server.closed(0)).toBe('client')
    stream.subscription.unsubscribe()
  })

  it('for silence is not put off for an hour where the clock is set back by one', async () => {
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

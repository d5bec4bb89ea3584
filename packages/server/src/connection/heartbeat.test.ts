import { describe, expect, it } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { serveTestSink } from '../../test/serve.ts'
import { createSink } from '../sink/sink.ts'

describe('the heartbeat of a sink', () => {
  it('goes to every client at each interval, from the first client on', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await serveTestSink({ heartbeat: { interval: '10s' }, scheduler })
    expect(scheduler.actions).toHaveLength(0)
    const [one, other] = await Promise.all([openReader(url), openReader(url)])
    scheduler.advance(9_999)
    await sink.publish({ data: 'x' })
    await one.take(1)
    expect(one.text()).not.toContain('keep-alive')
    scheduler.advance(1)
    await one.until(({ text }) => text().endsWith(': keep-alive\n'))
    await other.until(({ text }) => text().endsWith(': keep-alive\n'))
    scheduler.advance(10_000)
    await one.until(({ text }) => text().endsWith(': keep-alive\n: keep-alive\n'))
  })

  it('has no timer after the last client has left, or after close', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await serveTestSink({ scheduler })
    const reader = await openReader(url)
    await expect.poll(() => sink.stats().connections).toBe(1)
    expect(scheduler.actions).toHaveLength(1)
    reader.close()
    await expect.poll(() => sink.stats().connections).toBe(0)
    expect(scheduler.actions).toHaveLength(0)
    const another = await openReader(url)
    await sink.close()
    expect(await another.ended).toBe('end')
    expect(scheduler.actions).toHaveLength(0)
  })

  it('can be an event', async () => {
    const scheduler = new ManualScheduler()
    const { url } = await serveTestSink({
      heartbeat: { interval: 1000, as: 'event', type: 'beat', data: { n: 1 } },
      scheduler,
    })
    const reader = await openReader(url)
    scheduler.advance(1000)
    expect(await reader.take(1)).toEqual([{ type: 'beat', data: '{"n":1}', lastEventId: '' }])
  })

  it('can skip clients that were sent something', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await serveTestSink({
      retry: false,
      heartbeat: { interval: 1000, onlyWhenQuiet: true },
      scheduler,
    })
    const busy = await openReader(url)
    const quiet = await openReader(`${url}/?event_type=other`)
    scheduler.advance(1000)
    await sink.publish({ data: 'x' })
    await busy.take(1)
    scheduler.advance(1000)
    await quiet.until(({ text }) => text().includes('keep-alive'))
    expect(busy.text()).toBe(':\ndata: x\n\n')
    scheduler.advance(1000)
    await busy.until(({ text }) => text().endsWith('keep-alive\n'))
  })

  it('can be turned off', async () => {
    const scheduler = new ManualScheduler()
    const { url } = await serveTestSink({ heartbeat: false, scheduler })
    await openReader(url)
    expect(scheduler.actions).toHaveLength(0)
  })

  it.each([
    [{ interval: 0 }, /heartbeat\.interval must be longer than zero .*, not the number 0/],
    [
      { interval: '5 minutes' as never },
      /heartbeat\.interval must be a duration .*, not the string "5 minutes"/,
    ],
    [{ as: 'ping' as never }, /heartbeat\.as must be 'comment' or 'event', not the string "ping"/],
    [{ type: 'a\nb' }, /message\.type has a line feed/],
  ])('cannot be created with %j', (heartbeat, text) => {
    expect(() => createSink({ heartbeat })).toThrow(text)
  })
})

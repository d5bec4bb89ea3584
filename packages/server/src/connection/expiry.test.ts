import { NEVER, startWith } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { openReader } from '../../test/reader.ts'
import { serve, serveTestSink } from '../../test/serve.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import { createClock } from './clock.ts'
import { ExpiryTimer } from './expiry-timer.ts'

const DAY = 86_400_000

describe('a connection whose access expires', () => {
  it('ends at that time, and its client is told when to come back', async () => {
    const scheduler = new ManualScheduler()
    const { sink, url } = await serveTestSink({
      scheduler,
      retry: 1_000,
      random: () => 0.5,
      heartbeat: false,
      access: ({ url: { searchParams } }) => {
        const at = Number(searchParams.get('at'))
        return { allow: true, expires: searchParams.has('date') ? new Date(at) : at }
      },
    })
    const early = await openReader(`${url}/?at=60000`)
    const late = await openReader(`${url}/?at=61000&date`)
    await expect.poll(() => sink.stats().connections).toBe(2)
    scheduler.advance(59_999)
    expect(sink.stats().connections).toBe(2)
    scheduler.advance(1)
    expect(await early.ended).toBe('end')
    expect(early.text()).toMatch(/retry: 1500\n$/)
    await sink.publish({ data: 'still here' })
    await late.take(1)
    scheduler.advance(1_000)
    expect(await late.ended).toBe('end')
    await expect.poll(() => sink.stats().connections).toBe(0)
  })

  it('ends within a minute if the wall clock jumps ahead, and not early if it is set back', async () => {
    const scheduler = new ManualScheduler()
    let jump = 0
    const now = scheduler.now.bind(scheduler)
    scheduler.now = () => now() + jump
    const { sink, url } = await serveTestSink({
      scheduler,
      heartbeat: false,
      access: ({ url: { searchParams } }) => ({ allow: true, expires: Number(searchParams.get('at')) }),
    })
    const reader = await openReader(`${url}/?at=${DAY}`)
    const never = await openReader(`${url}/?at=Infinity`)
    await expect.poll(() => sink.stats().connections).toBe(2)
    jump = -DAY
    scheduler.advance(DAY + 120_000)
    expect(sink.stats().connections).toBe(2)
    jump = 0
    scheduler.advance(60_000)
    expect(await reader.ended).toBe('end')
    await expect.poll(() => sink.stats().connections).toBe(1)
    never.close()
  })

  it('ends at once if the time is over already, and never if there is none', async () => {
    const { sink, url } = await serveTestSink({
      access: ({ url: { searchParams } }) => ({
        allow: true,
        expires: searchParams.has('over') ? Date.now() - 1_000 : undefined,
      }),
    })
    expect(await (await openReader(`${url}/?over`)).ended).toBe('end')
    const reader = await openReader(url)
    await sink.publish({ data: 1 })
    await reader.take(1)
  })

  it('is cut with `streamTo`, so that half an answer is not taken for a whole one', async () => {
    const scheduler = new ManualScheduler()
    const stream = streamTo(() => NEVER.pipe(startWith({ data: 'half' })), {
      scheduler,
      access: () => ({ allow: true, expires: 5_000 }),
    })
    onTestFinished(() => stream.close())
    const reader = await openReader(await serve(stream.handler))
    await reader.take(1)
    scheduler.advance(5_000)
    expect(await reader.ended).toBe('cut')
  })

  it.each([
    ['text', '2030-01-01'],
    ['an invalid Date', new Date(Number.NaN)],
    ['no number', Number.NaN],
  ])('gets a 500 if the time is %s', async (_name, expires) => {
    const errors: unknown[] = []
    const { url } = await serveTestSink({
      access: () => ({ allow: true, expires }) as never,
      onError: (error) => errors.push(error),
    })
    expect((await openReader(url)).status).toBe(500)
    expect(errors).toMatchObject([{ message: expect.stringMatching(/^access: expires must return a Date/) }])
  })
})

describe('ExpiryTimer', () => {
  it('runs one timer for all items, also for times that are too far for a timer', () => {
    const scheduler = new ManualScheduler()
    const clock = createClock(scheduler)
    const running = new Set<object>()
    const expired: string[] = []
    const timer = new ExpiryTimer<string>(
      {
        ...clock,
        after(milliseconds, work) {
          const one = {}
          running.add(one)
          const cancel = clock.after(milliseconds, () => {
            running.delete(one)
            work()
          })
          return () => {
            running.delete(one)
            cancel()
          }
        },
      },
      (item) => expired.push(item),
    )
    timer.add('year', 365 * DAY)
    timer.add('b', 2_000)
    timer.add('a', 1_000)
    timer.add('deleted', 1_500)
    expect(running.size).toBe(1)
    timer.delete('deleted')
    scheduler.advance(3_000)
    expect(expired).toEqual(['a', 'b'])
    scheduler.advance(364 * DAY)
    expect(expired).toEqual(['a', 'b'])
    scheduler.advance(DAY)
    expect(expired).toEqual(['a', 'b', 'year'])
    timer.add('last', 400 * DAY)
    timer.delete('last')
    expect(running.size).toBe(0)
  })
})

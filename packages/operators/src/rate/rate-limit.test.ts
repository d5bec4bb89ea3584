import { VirtualClock } from '@rxsse/testing/virtual-time'
import { of, type SchedulerAction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { RateLimitError, type RateLimitOptions, rateLimit } from './rate-limit.ts'

interface Job {
  readonly id: number
  readonly who: string
  readonly cost: number
}

function limited(options: Omit<RateLimitOptions<Job>, 'scheduler'>) {
  const clock = new VirtualClock()
  const source = new Subject<Job>()
  const seen: [time: number, id: number][] = []
  const dropped: number[] = []
  const endings: unknown[] = []
  source
    .pipe(rateLimit({ ...options, scheduler: clock, onDropped: (job) => dropped.push(job.id) }))
    .subscribe({
      next: (job) => seen.push([clock.now(), job.id]),
      error: (error) => endings.push(error),
      complete: () => endings.push(['complete', clock.now()]),
    })
  return { clock, source, seen, dropped, endings }
}

const job = (id: number, who = 'a', cost = 1): Job => ({ id, who, cost })

describe('rateLimit', () => {
  it('shapes: emits a burst at once, the rest as soon as there are tokens, and completes after the last', () => {
    const { clock, source, seen, endings } = limited({ tokens: 2, interval: '1s' })
    for (let i = 0; i < 5; i++) source.next(job(i))
    source.complete()
    clock.runOut()
    expect(seen).toEqual([
      [0, 0],
      [0, 1],
      [500, 2],
      [1000, 3],
      [1500, 4],
    ])
    expect(endings).toEqual([['complete', 1500]])
  })

  it('drops events that come too soon, such as alerts within five seconds', () => {
    const { clock, source, seen, dropped } = limited({ tokens: 1, interval: '5s', mode: 'drop' })
    for (const time of [0, 1000, 4999, 5000, 9999, 10_000]) {
      clock.advanceTo(time)
      source.next(job(time))
    }
    expect(seen.map(([, id]) => id)).toEqual([0, 5000, 10_000])
    expect(dropped).toEqual([1000, 4999, 9999])
  })

  it('fails with the time after which the event would have passed', () => {
    const { clock, source, endings } = limited({ tokens: 1, interval: '5s', mode: 'fail', key: (j) => j.who })
    source.next(job(0))
    clock.advanceTo(2000)
    source.next(job(1, 'b'))
    source.next(job(2))
    expect(endings).toEqual([expect.any(RateLimitError)])
    expect(endings[0]).toMatchObject({
      key: 'a',
      retryAfter: 3000,
      message: 'rateLimit: an event came 3000 ms too soon for key a',
    })

    const whole = limited({ tokens: 1, interval: '5s', mode: 'fail' })
    whole.source.next(job(0))
    whole.source.next(job(1))
    expect(whole.endings).toMatchObject([
      { key: undefined, message: 'rateLimit: an event came 5000 ms too soon' },
    ])
  })

  it('gives each key a bucket of its own, and keeps the order within a key', () => {
    const { clock, source, seen } = limited({ tokens: 1, interval: '1s', key: (j) => j.who })
    for (const [id, who] of [
      [0, 'a'],
      [1, 'a'],
      [2, 'b'],
      [3, 'a'],
      [4, 'b'],
    ] as const)
      source.next(job(id, who))
    clock.runOut()
    expect(seen).toEqual([
      [0, 0],
      [0, 2],
      [1000, 1],
      [1000, 4],
      [2000, 3],
    ])
  })

  it('collects tokens in a quiet time, but no more than a burst', () => {
    for (const tokens of [1, 7]) {
      const { clock, source, seen } = limited({ tokens, interval: '1s', burst: 3, mode: 'drop' })
      clock.advanceTo(60_000)
      for (let i = 0; i < 10; i++) source.next(job(i))
      expect(seen).toHaveLength(3)
    }
  })

  it('takes the tokens that an event costs', () => {
    const { clock, source, seen } = limited({ tokens: 10, interval: '1s', cost: (j) => j.cost })
    source.next(job(0, 'a', 10))
    source.next(job(1, 'a', 5))
    source.next(job(2, 'a', 0))
    clock.runOut()
    expect(seen).toEqual([
      [0, 0],
      [500, 1],
      [500, 2],
    ])
  })

  it('holds at most maxQueue events, and drops newer ones', () => {
    const { clock, source, seen, dropped } = limited({ tokens: 1, interval: '1s', maxQueue: 2 })
    for (let i = 0; i < 5; i++) source.next(job(i))
    clock.runOut()
    expect(seen.map(([, id]) => id)).toEqual([0, 1, 2])
    expect(dropped).toEqual([3, 4])
  })

  it('keeps the rate if every timer fires a little early', () => {
    class HastyClock extends VirtualClock {
      override schedule<S>(work: (this: SchedulerAction<S>, state?: S) => void, delay = 0, state?: S) {
        return super.schedule(work, Math.max(0, delay - 1), state)
      }
    }
    const clock = new HastyClock()
    const source = new Subject<number>()
    const seen: number[] = []
    source.pipe(rateLimit({ tokens: 1, interval: 10, scheduler: clock })).subscribe((n) => {
      seen.push(clock.now())
      source.next(n + 1)
    })
    source.next(0)
    clock.advanceTo(1000)
    // One at once, then one every 10 ms, each no more than the millisecond early that the timers are.
    expect(seen.length).toBe(101)
    expect(seen.every((time, i) => time >= i * 10 - 1)).toBe(true)
  })

  it('deletes the keys whose bucket is full again', () => {
    const { clock, source } = limited({ tokens: 1, interval: '1s', key: (j) => j.id })
    for (let i = 0; i < 1000; i++) {
      source.next(job(i))
      clock.advanceBy(10)
    }
    expect(clock.timers).toBe(0)
  })

  it.each([
    [{ tokens: 0, interval: '1s' }, 'rateLimit: tokens must be a finite number above 0, not the number 0'],
    [{ tokens: 1, interval: 0 }, 'rateLimit: interval must be a duration longer than zero'],
    [
      { tokens: 1, interval: '1s', burst: -1 },
      'rateLimit: burst must be a finite number above 0, not the number -1',
    ],
    [
      { tokens: 1, interval: '1s', maxQueue: Number.NaN },
      'rateLimit: maxQueue must be a whole number of at least 0, or Infinity, not the number NaN',
    ],
    [
      { tokens: 1, interval: '1s', mode: 'pace' as 'shape' },
      "rateLimit: mode must be 'shape', 'drop' or 'fail', not the string \"pace\"",
    ],
  ] as const)('refuses %j', (options, message) => {
    expect(() => rateLimit(options)).toThrow(message)
  })

  it('refuses options with which no event would pass, or that do not go together', () => {
    expect(() => rateLimit({ tokens: 0.5, interval: '1s' })).toThrow('rateLimit: burst must be at least 1')
    expect(() => rateLimit({ tokens: 0.5, interval: '1s', burst: 1 })).not.toThrow()
    expect(() => rateLimit({ tokens: 2, interval: '1s', burst: 2, strict: true })).toThrow(
      'rateLimit: burst must be left out with strict',
    )
  })

  it('passes an event whose cost is above the burst to onError, and goes on', () => {
    const routed: unknown[] = []
    const seen: number[] = []
    of(2, 1)
      .pipe(
        rateLimit({ tokens: 1, interval: '1s', cost: (n) => n, onError: (_, event) => routed.push(event) }),
      )
      .subscribe((n) => seen.push(n))
    expect([seen, routed]).toEqual([[1], [2]])
  })

  it.each([false, true])('takes no cost that is no number, with strict: %s', (strict) => {
    const routed: unknown[] = []
    const seen: unknown[] = []
    // A field may be missing, or be text.
    of<unknown[]>(null, '1', 1n, [], undefined, Number.NaN, 1, 1, 1)
      .pipe(
        rateLimit({
          tokens: 2,
          interval: '1s',
          strict,
          mode: 'drop',
          cost: (cost) => cost as number,
          onError: (_, event) => routed.push(event),
        }),
      )
      .subscribe((event) => seen.push(event))
    expect(routed).toEqual([null, '1', 1n, [], undefined, Number.NaN])
    expect(seen).toEqual([1, 1])
  })

  it('errors at a cost above the burst', () => {
    const errors: unknown[] = []
    of(job(0))
      .pipe(rateLimit({ tokens: 1, interval: '1s', cost: () => 2 }))
      .subscribe({ error: (e) => errors.push(e.message) })
    expect(errors).toEqual(['rateLimit: cost must be a number from 0 to burst (1), not the number 2'])
  })
})

const input = (i: number) => job(i, `who-${i}`)
for (const mode of ['shape', 'drop'] as const) {
  conformance<Job, Job>(`rateLimit in mode ${mode}`, {
    operator: (options) => rateLimit({ tokens: 3, interval: '1s', mode, key: (j) => j.id % 2, ...options }),
    input,
    failing: (fail, options) => rateLimit({ tokens: 1, interval: 1, cost: fail, ...options }),
    bounded: {
      keys: 4000,
      operator: (options) => rateLimit({ tokens: 1, interval: '1s', mode, key: (j) => j.who, ...options }),
    },
  })
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Feed, type FeedPhase, FeedWatermarks } from './feed-watermarks.ts'

interface Step {
  /** Milliseconds since the step before. */
  readonly after: number
  readonly feed: string
  /** A new phase, or the timestamp of an event. */
  readonly what: FeedPhase | number
}

interface Options {
  readonly maxOutOfOrderness: number
  readonly idle: number
  readonly maxWait: number
}

const never = Number.POSITIVE_INFINITY
const names = ['a', 'b', 'c']

/** The documented rule, looked at in every millisecond anew. Gives the watermark for each of them. */
function model(steps: readonly Step[], { maxOutOfOrderness, idle, maxWait }: Options, end: number): number[] {
  const values: number[] = []
  let value = Number.NEGATIVE_INFINITY
  const feeds = new Map(
    names.map((name) => [name, { phase: 'away' as FeedPhase, mark: Number.NEGATIVE_INFINITY, since: 0 }]),
  )
  let time = 0
  const due = steps.map((step) => {
    time += step.after
    return { ...step, at: time }
  })
  const look = (now: number) => {
    const all = [...feeds.values()]
    const holding = all.filter(
      ({ phase, since }) =>
        (phase === 'away' && now < since + maxWait) || (phase === 'open' && now < since + idle),
    )
    const marks = all.map(({ mark }) => mark)
    const open = all.filter(({ phase }) => phase === 'open')
    const candidate =
      holding.length > 0
        ? Math.min(...holding.map(({ mark }) => mark))
        : Math.max(...marks) + (open.length > 0 ? now - Math.max(...open.map(({ since }) => since)) : 0)
    value = Math.max(value, candidate)
  }
  for (let now = 0; now <= end; now++) {
    look(now)
    for (const { feed: name, what, at } of due) {
      if (at !== now) continue
      const feed = feeds.get(name)
      if (feed === undefined) continue
      if (typeof what === 'number') {
        if (feed.phase === 'open') feed.since = now
        feed.mark = Math.max(feed.mark, what - maxOutOfOrderness)
      } else if (feed.phase !== what) {
        feed.phase = what
        feed.since = now
      }
      look(now)
    }
    values.push(value)
  }
  return values
}

const step: fc.Arbitrary<Step> = fc.record({
  after: fc.nat(6),
  feed: fc.constantFrom(...names),
  what: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: -20, max: 60 }) },
    { weight: 2, arbitrary: fc.constantFrom<FeedPhase>('away', 'open', 'over') },
  ),
})
const limit = fc.oneof(fc.nat(12), fc.constant(never))
const options: fc.Arbitrary<Options> = fc.record({
  maxOutOfOrderness: fc.nat(5),
  idle: limit,
  maxWait: limit,
})

describe('the watermark of several feeds', () => {
  it('reaches every mark in the millisecond in which the model does', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40, size: 'max' }),
        options,
        fc.integer({ min: -20, max: 90 }),
        (steps, config, awaited) => {
          const end = steps.reduce((sum, { after }) => sum + after, 0) + 40
          const expected = model(steps, config, end).findIndex((value) => value >= awaited)

          const watermarks = new FeedWatermarks({ ...config, maxFutureDrift: never })
          for (const name of names) watermarks.update({ name, phase: 'away' }, 0)
          let reached = -1
          let now = 0
          let before = Number.NEGATIVE_INFINITY
          const look = () => {
            expect(watermarks.value).toBeGreaterThanOrEqual(before)
            before = watermarks.value
            if (reached === -1 && watermarks.value >= awaited) reached = now
          }
          // As an operator does: one timer, which is set anew after each step.
          const passTo = (target: number) => {
            for (;;) {
              if (watermarks.value >= awaited) break
              const next = watermarks.nextChange(awaited)
              if (next > target) break
              now = Math.max(now, next)
              watermarks.advance(awaited, now)
              look()
            }
            now = target
          }
          let time = 0
          for (const { after, feed: name, what } of steps) {
            time += after
            passTo(time)
            if (typeof what !== 'number') watermarks.update({ name, phase: what }, now)
            else {
              const feed = watermarks.find(name) as Feed
              if (config.idle === never) watermarks.observe(feed, what, 0)
              else watermarks.observeByClock(feed, what, now, 0)
            }
            look()
          }
          passTo(end)
          expect(reached).toBe(expected)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { rateLimit } from './rate-limit.ts'

interface Job {
  readonly id: number
  readonly key: string
  readonly cost: number
}

const schedule = fc.array(
  fc.record({
    wait: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.integer({ max: 30, min: 0 }) },
      fc.integer({ min: 0, max: 2000 }),
    ),
    key: fc.constantFrom('a', 'b'),
    cost: fc.integer({ min: 0, max: 3 }),
  }),
  { maxLength: 60, size: 'max' },
)
const limit = fc.record({
  tokens: fc.integer({ min: 1, max: 7 }),
  interval: fc.constantFrom(1, 10, 33, 1000),
  burst: fc.integer({ min: 3, max: 9 }),
})

it('lets at most burst + rate * t pass, in any interval, for any key', () => {
  fc.assert(
    fc.property(schedule, limit, fc.constantFrom('shape', 'drop'), (steps, options, mode) => {
      const { passed } = run(steps, options, mode)
      for (const key of ['a', 'b']) {
        const own = passed.filter((p) => p.job.key === key)
        for (let from = 0; from < own.length; from++) {
          let cost = 0
          for (let to = from; to < own.length; to++) {
            cost += own[to]?.job.cost ?? 0
            const t = (own[to]?.time ?? 0) - (own[from]?.time ?? 0)
            expect(cost * options.interval).toBeLessThanOrEqual(
              options.burst * options.interval + options.tokens * t,
            )
          }
        }
      }
    }),
    { numRuns: 500 },
  )
})

it('lets exactly the same events pass as a bucket that is refilled every millisecond', () => {
  fc.assert(
    fc.property(schedule, limit, (steps, options) => {
      const { passed } = run(steps, options, 'drop')
      const expected: number[] = []
      const buckets = new Map<string, { level: number; at: number }>()
      let time = 0
      for (const [id, { wait, key, cost }] of steps.entries()) {
        time += wait
        const bucket = buckets.get(key) ?? { level: options.burst * options.interval, at: time }
        // In units of a token over the interval: whole numbers.
        bucket.level = Math.min(
          options.burst * options.interval,
          bucket.level + (time - bucket.at) * options.tokens,
        )
        bucket.at = time
        if (bucket.level >= cost * options.interval) {
          bucket.level -= cost * options.interval
          expected.push(id)
        }
        buckets.set(key, bucket)
      }
      expect(passed.map((p) => p.job.id)).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})

it('shapes without loss, in order by key, and as early as possible', () => {
  fc.assert(
    fc.property(schedule, limit, (steps, options) => {
      const { passed, clock } = run(steps, options, 'shape')
      for (const key of ['a', 'b']) {
        const ids = passed.filter((p) => p.job.key === key).map((p) => p.job.id)
        expect(ids).toEqual([...steps.keys()].filter((id) => steps[id]?.key === key))
      }
      const arrivals: number[] = []
      for (const { wait } of steps) arrivals.push((arrivals.at(-1) ?? 0) + wait)
      for (const key of ['a', 'b']) {
        let paidFor = 0
        let previous = 0
        for (const { job, time: released } of passed.filter((p) => p.job.key === key)) {
          const at = Math.max(arrivals[job.id] ?? 0, previous)
          // The earliest whole millisecond at which a bucket of this burst has the tokens.
          const tat = Math.max(paidFor, at * options.tokens) + job.cost * options.interval
          const earliest = Math.max(at, Math.ceil((tat - options.burst * options.interval) / options.tokens))
          expect(released).toBe(earliest)
          paidFor = Math.max(paidFor, released * options.tokens) + job.cost * options.interval
          previous = released
        }
      }
      expect(clock.timers).toBe(0)
    }),
    { numRuns: 500 },
  )
})

function run(
  steps: readonly { readonly wait: number; readonly key: string; readonly cost: number }[],
  options: { readonly tokens: number; readonly interval: number; readonly burst: number },
  mode: 'shape' | 'drop',
) {
  const clock = new VirtualClock()
  const source = new Subject<Job>()
  const passed: { readonly job: Job; readonly time: number }[] = []
  source
    .pipe(rateLimit({ ...options, mode, key: (j) => j.key, cost: (j) => j.cost, scheduler: clock }))
    .subscribe((job) => passed.push({ job, time: clock.now() }))
  for (const [id, { wait, key, cost }] of steps.entries()) {
    clock.advanceBy(wait)
    source.next({ id, key, cost })
  }
  source.complete()
  clock.runOut()
  return { passed, clock }
}

it('lets no more than `tokens` pass in any interval with `strict`, and passes each event as early as that allows', () => {
  const step = fc.record({ wait: fc.nat(15), cost: fc.nat(3), key: fc.constantFrom('a', 'b') })
  fc.assert(
    fc.property(
      fc.array(step),
      fc.integer({ min: 3, max: 6 }),
      fc.integer({ min: 1, max: 30 }),
      (steps, tokens, interval) => {
        const clock = new VirtualClock()
        const source = new Subject<(typeof steps)[number]>()
        const passed: { at: number; cost: number; key: string }[] = []
        source
          .pipe(
            rateLimit({
              tokens,
              interval,
              strict: true,
              cost: (e) => e.cost,
              key: (e) => e.key,
              scheduler: clock,
            }),
          )
          .subscribe(({ cost, key }) => passed.push({ at: clock.now(), cost, key }))
        const model: { at: number; cost: number; key: string }[] = []
        let now = 0
        for (const each of steps) {
          clock.advanceBy(each.wait)
          now += each.wait
          source.next(each)
          const own = model.filter((e) => e.key === each.key)
          // The first millisecond in which the last interval has room, not before the event ahead of it.
          let at = Math.max(now, own.at(-1)?.at ?? 0)
          const used = () => own.filter((e) => e.at + interval > at).reduce((sum, e) => sum + e.cost, 0)
          while (used() + each.cost > tokens) at++
          model.push({ at, cost: each.cost, key: each.key })
        }
        clock.runOut()
        for (const key of ['a', 'b'])
          expect(passed.filter((e) => e.key === key)).toEqual(model.filter((e) => e.key === key))
      },
    ),
  )
})

it('takes the same time for an event with `strict`, however many have passed in the interval', () => {
  const clock = new VirtualClock()
  const source = new Subject<number>()
  let passed = 0
  source
    .pipe(rateLimit({ tokens: 100_000, interval: '1m', strict: true, mode: 'drop', scheduler: clock }))
    .subscribe(() => passed++)
  for (let n = 0; n < 300_000; n++) {
    source.next(n)
    if (n % 10 === 0) clock.advanceBy(1)
  }
  // 30 seconds.
  expect(passed).toBe(100_000)
})

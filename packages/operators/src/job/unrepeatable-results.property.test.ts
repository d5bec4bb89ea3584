import fc from 'fast-check'
import { concatMap, map, merge, type Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { faults, type Pipeline, type Reading, runJob, type Script, scripts } from '../../test/crash-job.ts'
import { processWith } from '../flow/process-with.ts'
import { lag } from '../keyed/lag.ts'
import { rateLimit } from '../rate/rate-limit.ts'
import { collectWindow } from '../window/collect-window.ts'
import { groupWithin } from '../window/group-within.ts'
import { joinWithin } from '../window/join-within.ts'
import { session, tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'

const one = (readings: readonly Observable<Reading>[]) => readings[0] as Observable<Reading>

/** Runs a pipeline over one script, with every kind of fault, and checks its log. */
function check(pipeline: Pipeline, verify: (values: unknown[], ids: string[]) => void): Promise<void> {
  return fc.assert(
    fc.asyncProperty(scripts(), faults, async (script, plan) => {
      const log = await runJob(pipeline, [script], plan)
      verify(
        [...log.values()],
        script.map((_, i) => `${i + 1}`),
      )
    }),
    { numRuns: 60 },
  )
}

describe('results that differ when they are made again', () => {
  it('of groups that wait for a time have each event once, in order', () =>
    check(
      (readings, job, scheduler) =>
        one(readings).pipe(
          groupWithin({ maxItems: 4, maxWait: 12, scheduler, stage: job.stage('groups') }),
          map((group) => group.map(({ id }) => id)),
        ),
      (groups, ids) => expect(groups.flat()).toEqual(ids),
    ))

  it('of a rate limit are each event once, in order', () =>
    check(
      (readings, job, scheduler) =>
        one(readings).pipe(
          rateLimit({ tokens: 2, interval: 15, scheduler, stage: job.stage('rate') }),
          map(({ id }) => id),
        ),
      (events, ids) => expect(events).toEqual(ids),
    ))

  it.each([
    ['tumbling windows', tumbling(40)],
    ['sessions', session(10)],
  ])('of %s with early results and silence count each event once where they stand', async (_, spec) => {
    await check(
      (readings, job, scheduler) =>
        one(readings).pipe(
          windowAggregate(spec, {
            timestamp: (r) => r.time,
            maxOutOfOrderness: 30,
            allowedLateness: 10_000,
            idle: 15,
            early: 10,
            key: (r) => r.key,
            aggregates: (a) => ({ ids: a.collect((r) => r.id) }),
            scheduler,
            stage: job.stage('windows'),
          }),
        ),
      (results, ids) => {
        const standing = new Map<string, string[]>()
        for (const { key, window, replaces = [], value } of results as Result[]) {
          for (const { start, end } of replaces) standing.delete(`${key} ${start} ${end}`)
          standing.set(`${key} ${window.start} ${window.end}`, value.ids)
        }
        const counted = [...standing.values()].flat()
        expect(counted.sort((a, b) => Number(a) - Number(b))).toEqual(ids)
      },
    )
  })

  it('of lists of windows have each result once', () =>
    check(
      (readings, job, scheduler) =>
        one(readings).pipe(
          windowAggregate(tumbling(40), {
            timestamp: (r) => r.time,
            maxOutOfOrderness: 30,
            key: (r) => r.key,
            aggregates: (a) => ({ ids: a.collect((r) => r.id) }),
            scheduler,
            stage: job.stage('windows'),
          }),
          collectWindow({ scheduler, stage: job.stage('lists') }),
          map(({ results }) => results.map(({ value }) => value.ids)),
        ),
      (lists, ids) => {
        expect((lists.flat(2) as string[]).sort((a, b) => Number(a) - Number(b))).toEqual(ids)
      },
    ))

  it('of an asynchronous operator are those of each event once, also above an operator with state', () =>
    check(
      (readings, job, clock) =>
        one(readings).pipe(
          processWith(
            (reading) =>
              new Promise<Reading>((resolve) =>
                clock.schedule(() => resolve(reading), (reading.key * 7) % 20),
              ),
            { concurrency: 3, stage: job.stage('work'), buffer: 1000 },
          ),
          lag({ stage: job.stage('before') }, (now, before) => [before?.id, now.id]),
          concatMap((pair) => [pair]),
        ),
      (pairs, ids) => expect(isChain(pairs as Pair[], ids)).toBe(true),
    ))

  it('of two feeds whose order counts are those of one order of all events', async () => {
    await fc.assert(
      fc.asyncProperty(scripts(20), scripts(20), faults, async (ams, par, plan) => {
        const pipeline: Pipeline = (readings, job) =>
          merge(...readings.map((feed, number) => feed.pipe(map(({ id }) => `${number}-${id}`)))).pipe(
            lag({ stage: job.stage('before') }, (now, before) => [before, now]),
          )
        const log = await runJob(pipeline, [ams, par], plan)
        const ids = [ams, par].flatMap((script, number) => script.map((_, i) => `${number}-${i + 1}`))
        expect(isChain([...log.values()] as Pair[], ids)).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('of two feeds that are joined have each pair and each event without one once', async () => {
    const pipeline: Pipeline = ([orders, payments], job) => {
      const side = (feed: string) => ({ feed, key: (r: Reading) => r.key, timestamp: (r: Reading) => r.time })
      return (orders as Observable<Reading>).pipe(
        joinWithin(
          payments as Observable<Reading>,
          {
            left: side('feed0'),
            right: side('feed1'),
            within: { before: 10, after: 20 },
            maxOutOfOrderness: 30,
            kind: 'full',
            progress: job,
            stage: job.stage('pairs'),
          },
          (order, paid) => `${order?.id}-${paid?.id}`,
        ),
      )
    }
    await fc.assert(
      fc.asyncProperty(scripts(12), scripts(12), faults, async (orders, payments, plan) => {
        const log = await runJob(pipeline, [orders, payments], plan)
        expect([...log.values()].sort()).toEqual(joinAll(orders, payments).sort())
      }),
      { numRuns: 150 },
    )
  }, 60_000)
})

/** Every pair, and every event without one, of an order and the payments from 10 before it to 20 after it. */
function joinAll(orders: Script, payments: Script): string[] {
  const paid = new Set<number>()
  const ordered = orders.flatMap(({ reading: order }, left) => {
    const pairs = payments.flatMap(({ reading: { key, time } }, right) => {
      if (key !== order.key || time < order.time - 10 || time > order.time + 20) return []
      paid.add(right)
      return `${left + 1}-${right + 1}`
    })
    return pairs.length > 0 ? pairs : [`${left + 1}-undefined`]
  })
  return [...ordered, ...payments.flatMap((_, i) => (paid.has(i) ? [] : `undefined-${i + 1}`))]
}

interface Result {
  readonly key: number
  readonly window: { readonly start: number; readonly end: number }
  readonly replaces?: readonly { readonly start: number; readonly end: number }[]
  readonly value: { readonly ids: string[] }
}

type Pair = readonly [before: string | undefined, now: string]

/** Whether each pair begins where the one before ends, and each event is in one. */
function isChain(pairs: readonly Pair[], ids: readonly string[]): boolean {
  const linked = pairs.every(([before], i) => before === pairs[i - 1]?.[1])
  return linked && JSON.stringify(pairs.map(([, now]) => now).sort()) === JSON.stringify([...ids].sort())
}

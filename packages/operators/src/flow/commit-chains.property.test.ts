import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { map, type Observable, type OperatorFunction, Subject, timer } from 'rxjs'
import { expect, it } from 'vitest'
import type { Stage } from '../index.ts'
import { dedupe } from '../keyed/dedupe.ts'
import { scanByKey } from '../keyed/scan-by-key.ts'
import { debounceByKey } from '../rate/debounce-by-key.ts'
import { rateLimit } from '../rate/rate-limit.ts'
import { sampleByKey } from '../rate/sample-by-key.ts'
import { throttleByKey } from '../rate/throttle-by-key.ts'
import { createStage } from '../stage/create-stage.ts'
import { countWindow } from '../window/count-window.ts'
import { groupWithin } from '../window/group-within.ts'
import { reorder } from '../window/reorder.ts'
import { slidingWindow } from '../window/sliding-window.ts'
import { hopping, session, tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { batchWith } from './batch-with.ts'
import { commit } from './commit.ts'
import { conflateWith } from './conflate-with.ts'
import { processWith } from './process-with.ts'

/** What events have become: the numbers of those that are in it, from 1. */
interface Item {
  readonly ids: readonly number[]
  readonly time: number
  readonly key: number
  readonly lastEventId: string
}

interface Common {
  readonly stage: Stage
  readonly scheduler: VirtualClock
  readonly onDropped: (item: Item) => void
}
type Step = (common: Common) => OperatorFunction<Item, Item>

const key = (item: Item) => item.key
const timestamp = (item: Item) => item.time
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const upTo = (max: number) => fc.integer({ min: 1, max })
const given = (options: object) =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

const joined = (items: readonly Item[]): Item => ({
  ids: items.flatMap(({ ids }) => ids),
  time: items[0]?.time ?? 0,
  key: items[0]?.key ?? 0,
  lastEventId: '',
})
/** An operator, and what its results are made of. */
const step =
  <R>(create: (common: Common) => OperatorFunction<Item, R>, itemsOf: (result: R) => readonly Item[]): Step =>
  (common) =>
  (source: Observable<Item>) =>
    source.pipe(
      create(common),
      map((result) => joined(itemsOf(result))),
    )
const aggregates = (a: { collect(): unknown }) => ({ items: a.collect() })
const itemsOf = (result: unknown) => (result as { value: { items: readonly Item[] } }).value.items
const time = { timestamp, key, aggregates: aggregates as never }
const lateness = { maxOutOfOrderness: some(fc.nat(20)), maxKeys: some(upTo(3)), idle: some(fc.nat(30)) }

const steps: readonly fc.Arbitrary<Step>[] = [
  fc
    .record({
      spec: fc.oneof(
        upTo(50).map((size) => tumbling(size)),
        fc.tuple(upTo(30), upTo(30)).map(([size, every]) => hopping({ size, every })),
        upTo(30).map((gap) => session(gap)),
      ),
      early: some(upTo(20)),
      ...lateness,
    })
    .map(({ spec, ...o }) =>
      step((c) => windowAggregate(spec, { ...time, ...given(o), ...c, late: c.onDropped }) as never, itemsOf),
    ),
  fc
    .record({ size: upTo(30), ...lateness })
    .map((o) =>
      step((c) => slidingWindow({ ...time, ...given(o), ...c, late: c.onDropped } as never), itemsOf),
    ),
  fc
    .record({ size: upTo(5), every: upTo(7), ttl: some(upTo(40)), maxKeys: some(upTo(3)) })
    .map((o) => step((c) => countWindow({ ...time, ...given(o), ...c } as never), itemsOf)),
  fc.record({ size: upTo(30), maxEmpty: upTo(4), ...lateness }).map(({ size, ...o }) =>
    step(
      (c) =>
        windowAggregate(tumbling(size), {
          ...time,
          ...given(o),
          fill: true,
          ...c,
          late: c.onDropped,
        }) as never,
      itemsOf,
    ),
  ),
  upTo(30).map((ttl) => (c) => dedupe({ key, ttl, ...c })),
  fc
    .record({ interval: upTo(30), leading: fc.boolean() })
    .map((o) => (c) => throttleByKey({ key, ...o, ...c })),
  upTo(30).map((quiet) => (c) => debounceByKey({ key, quiet, ...c })),
  upTo(30).map((every) => (c) => sampleByKey({ key, every, ...c })),
  fc.record({ tokens: upTo(3), interval: upTo(30) }).map((o) => (c) => rateLimit({ key, ...o, ...c })),
  fc.record({ maxItems: upTo(5), maxWait: some(upTo(30)) }).map((o) =>
    step(
      (c) => groupWithin({ maxItems: o.maxItems, ...given(o), ...c }),
      (items) => items,
    ),
  ),
  fc.nat(20).map((maxOutOfOrderness) => ({ onDropped: late, ...c }) => {
    return reorder({ timestamp, maxOutOfOrderness, late, ...c })
  }),
  upTo(30).map((wait) =>
    step<readonly Item[]>(
      (c) =>
        scanByKey(
          {
            key,
            timestamp,
            seed: (): readonly Item[] => [],
            onTimer(items, { forget }) {
              forget()
              return items
            },
            project: (items, { cause }) => (cause === 'event' ? undefined : items),
            ...c,
          },
          (items, item: Item, { setTimer }) => {
            setTimer(item.time + wait)
            return [...items, item]
          },
        ),
      (items) => items,
    ),
  ),
]

const later = <T>(value: T, { scheduler }: Common, delay: number) =>
  timer(delay, scheduler).pipe(map(() => value))
/** What may come last. */
const lasts: readonly Step[] = [
  (c) => processWith((item) => later(item, c, item.ids.length % 7), { concurrency: 2, buffer: 1e6, ...c }),
  (c) => batchWith({ maxItems: 3 }, (items) => later(joined(items), c, items.length), { buffer: 1e6, ...c }),
  (c) =>
    conflateWith<Item, Item, Item>(
      (items, item) => joined(items === undefined ? [item] : [items, item]),
      (items) => later(items, c, items.ids.length % 5),
      c,
    ),
]

const chains = fc
  .tuple(fc.array(fc.oneof(...steps), { minLength: 1, maxLength: 3 }), some(fc.constantFrom(...lasts)))
  .map(([chain, last]) => (last === undefined ? chain : [...chain, last]))
const events = fc.array(
  fc.record({ wait: fc.nat(15), lag: fc.integer({ min: -20, max: 20 }), key: fc.nat(2) }),
  {
    minLength: 1,
    maxLength: 15,
  },
)

it('saves an ID after any stages when the results with every event up to it are out, and the last ID in the end', () => {
  fc.assert(
    fc.property(chains, events, (chain, list) => {
      const scheduler = new VirtualClock()
      const source = new Subject<Item>()
      const stages = chain.map((_, number) => createStage(`stage ${number}`))
      const over = new Set<number>()
      const add = ({ ids }: Item) => {
        // What has come out after it was saved would come again after a crash, without the events before.
        expect(ids.filter((id) => id <= saved)).toEqual([])
        for (const id of ids) over.add(id)
      }
      let saved = 0
      const save = (id: string) => {
        saved = Number(id)
        expect(Array.from({ length: saved }, (_, i) => i + 1).filter((each) => !over.has(each))).toEqual([])
      }
      let results: Observable<Item> = source
      for (const [number, each] of chain.entries()) {
        const onDropped = ({ ids }: Item) => {
          for (const id of ids) over.add(id)
        }
        results = results.pipe(each({ stage: stages[number] as Stage, scheduler, onDropped }))
      }
      const errors: unknown[] = []
      results
        .pipe(
          map((item) => {
            add(item)
            return item
          }),
          commit({ save }, { after: stages }),
        )
        .subscribe({ error: (error) => errors.push(error) })
      for (const [i, { wait, lag, key: own }] of list.entries()) {
        scheduler.advanceBy(wait)
        const id = i + 1
        source.next({ ids: [id], time: 1000 + scheduler.now() + lag, key: own, lastEventId: `${id}` })
      }
      source.complete()
      scheduler.runOut()
      expect(errors).toEqual([])
      expect(saved).toBe(list.length)
    }),
    { numRuns: 1500 },
  )
})

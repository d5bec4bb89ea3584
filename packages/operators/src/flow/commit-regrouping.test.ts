import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Field, Schema, Utf8 } from 'apache-arrow'
import { map, type OperatorFunction, Subject, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/events.ts'
import { toRecordBatches } from '../arrow/to-record-batches.ts'
import type { SseEvent } from '../index.ts'
import { dedupe } from '../keyed/dedupe.ts'
import { scanByKey } from '../keyed/scan-by-key.ts'
import { debounceByKey } from '../rate/debounce-by-key.ts'
import { meter } from '../rate/meter.ts'
import { rateLimit } from '../rate/rate-limit.ts'
import { sampleByKey } from '../rate/sample-by-key.ts'
import { throttleByKey } from '../rate/throttle-by-key.ts'
import { createStage } from '../stage/create-stage.ts'
import type { Stage } from '../stage/stage.ts'
import { collectWindow } from '../window/collect-window.ts'
import { countWindow } from '../window/count-window.ts'
import { groupWithin } from '../window/group-within.ts'
import { latestResults } from '../window/latest-results.ts'
import { reorder } from '../window/reorder.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { commit } from './commit.ts'
import { processWith } from './process-with.ts'
import { route } from './route.ts'

type Letter = SseEvent<string>

const key = (e: Letter) => e.data.charAt(0)

/** Sends each letter as an event, its position as the ID, then lets the time pass. Returns what was saved after each step. */
function run(
  operator: (options: { stage: Stage; scheduler: VirtualClock }) => OperatorFunction<Letter, unknown>,
  steps: readonly (string | number)[],
) {
  const clock = new VirtualClock()
  const source = new Subject<Letter>()
  const stage = createStage('stage')
  const saved: string[] = []
  const errors: unknown[] = []
  source
    .pipe(
      operator({ stage, scheduler: clock }),
      commit({ save: (id) => void saved.push(id) }, { after: stage }),
    )
    .subscribe({ error: (error) => errors.push(error) })
  let id = 0
  const after = steps.map((step) => {
    if (typeof step === 'string') source.next(event(step, 'e', String(++id)))
    else clock.advanceBy(step)
    return saved.at(-1) ?? '-'
  })
  source.complete()
  clock.runOut()
  expect(errors).toEqual([])
  // In the end everything is handled.
  expect(saved.at(-1)).toBe(String(id))
  return after.join(' ')
}

describe('commit after an operator that holds events', () => {
  it.each<[string, Parameters<typeof run>[0], readonly (string | number)[], string]>([
    ['groupWithin', (o) => groupWithin({ maxItems: 2, ...o }), ['a', 'b', 'c', 'd', 'e'], '- 2 2 4 4'],
    [
      'toRecordBatches',
      (o) => toRecordBatches({ schema: new Schema([new Field('data', new Utf8())]), maxRows: 2, ...o }),
      ['a', 'b', 'c'],
      '- 2 2',
    ],
    ['sampleByKey', (o) => sampleByKey({ key, every: 10, ...o }), ['a', 'b', 'a', 10, 'a'], '- - 1 3 3'],
    [
      'debounceByKey',
      (o) => debounceByKey({ key, quiet: 10, ...o }),
      ['a', 'b', 5, 'a', 5, 5],
      '- - - 1 2 3',
    ],
    [
      'throttleByKey',
      (o) => throttleByKey({ key, interval: 10, ...o }),
      ['a', 'a', 'b', 'a', 10],
      '1 1 1 3 4',
    ],
    ['rateLimit', (o) => rateLimit({ tokens: 1, interval: 10, ...o }), ['a', 'a', 'a', 10, 10], '1 1 1 2 3'],
    [
      'rateLimit, drop',
      (o) => rateLimit({ tokens: 1, interval: 10, mode: 'drop', ...o }),
      ['a', 'a', 'a'],
      '1 2 3',
    ],
    ['meter', (o) => meter({ every: 10, ...o }), ['a', 'a', 10, 'a'], '- - 2 2'],
    ['route', ({ stage }) => route({ e: (events) => events.pipe(map(key)) }, { stage }), ['a', 'b'], '1 2'],
  ])('%s: saves an ID when every event up to it is emitted or dropped', (_, operator, steps, saved) => {
    expect(run(operator, steps)).toBe(saved)
  })

  it('scanByKey: saves an ID when no key up to it has a timer, or at once without onTimer', () => {
    const scan = (o: { stage: Stage; scheduler: VirtualClock }) =>
      scanByKey<Letter, number, string, number>(
        { key, seed: () => 0, onTimer: (n) => n, project: (n) => (n > 1 ? n : undefined), ...o },
        (n, e, { time, setTimer }) => {
          if (e.data !== 'a!') setTimer(time + 10)
          return n + 1
        },
      )
    expect(run(scan, ['a!', 'b', 'a', 5, 'b', 4, 'a!', 6])).toBe('1 1 1 1 1 1 1 5')
    const count = (o: { stage: Stage; scheduler: VirtualClock }) =>
      scanByKey({ key, seed: () => 0, ...o }, (n) => n + 1)
    expect(run(count, ['a', 'b', 'a'])).toBe('1 2 3')
  })

  it('errors if what route sends into a branch is not seen by the stage below', () => {
    const source = new Subject<Letter>()
    const [routed, stored] = [createStage('routed'), createStage('stored')]
    const errors: string[] = []
    source
      .pipe(
        route({ e: (events) => events.pipe(dedupe({ key })) }, { stage: routed }),
        processWith(() => [], { stage: stored }),
        commit({ save: () => {} }, { after: [routed, stored] }),
      )
      .subscribe({ error: (error) => errors.push(error.message) })
    source.next(event('a', 'e', '1'))
    expect(errors).toEqual([])
    source.next(event('a', 'e', '2'))
    expect(errors[0]).toContain(
      'an operator between the stages "routed" and "stored" filters or holds events',
    )
  })
})

describe('commit after stages, of which one makes results of several events', () => {
  it('waits until each result is handled below: windows, lists, then a store that takes its time', () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent<number>>()
    const [once, minutes, lists, stored] = ['once', 'minutes', 'lists', 'stored'].map(createStage) as [
      Stage,
      Stage,
      Stage,
      Stage,
    ]
    const saved: string[] = []
    source
      .pipe(
        dedupe({ key: (e) => e.data, stage: once }),
        windowAggregate(tumbling(10), {
          timestamp: (e) => e.data,
          key: (e) => e.data % 2,
          aggregates: (a) => ({ n: a.count() }),
          scheduler: clock,
          stage: minutes,
        }),
        collectWindow({ scheduler: clock, stage: lists }),
        processWith(() => timer(100, clock), { stage: stored }),
        commit({ save: (id) => void saved.push(id) }, { after: [once, minutes, lists, stored] }),
      )
      .subscribe({ error: (error) => expect.unreachable(String(error)) })
    for (const [id, at] of [1, 2, 2, 11, 12, 21].entries())
      source.next({ ...event(''), data: at, lastEventId: `${id}` })
    expect(saved).toEqual([])
    clock.advanceBy(100)
    expect(saved.at(-1)).toBe('2')
    clock.advanceBy(100)
    expect(saved.at(-1)).toBe('4')
    source.complete()
    clock.runOut()
    expect(saved.at(-1)).toBe('5')
  })

  it('follows results that are replaced, and groups of them', () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent<number>>()
    const [windows, latest, groups] = ['windows', 'latest', 'groups'].map(createStage) as [
      Stage,
      Stage,
      Stage,
    ]
    const saved: string[] = []
    source
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp: (e) => e.data,
          allowedLateness: 10,
          aggregates: (a) => ({ n: a.count() }),
          scheduler: clock,
          stage: windows,
        }),
        latestResults({ windows: 2, scheduler: clock, stage: latest }),
        groupWithin({ maxItems: 2, scheduler: clock, stage: groups }),
        commit({ save: (id) => void saved.push(id) }, { after: [windows, latest, groups] }),
      )
      .subscribe({ error: (error) => expect.unreachable(String(error)) })
    for (const [id, at] of [1, 12, 3, 21].entries())
      source.next({ ...event(''), data: at, lastEventId: `${id}` })
    clock.advanceBy(1)
    expect(saved).toEqual([])
    source.next({ ...event(''), data: 31, lastEventId: '4' })
    clock.advanceBy(1)
    expect(saved.at(-1)).toBe('3')
    source.complete()
    clock.runOut()
    expect(saved.at(-1)).toBe('4')
  })

  it('countWindow: saves an ID when every window with its event is handled below', () => {
    const clock = new VirtualClock()
    const source = new Subject<Letter>()
    const [counted, stored] = [createStage('counted'), createStage('stored')]
    const seen: string[] = []
    source
      .pipe(
        countWindow({ size: 2, aggregates: (a) => ({ n: a.count() }), stage: counted }),
        processWith(() => timer(100, clock), { stage: stored }),
        map(() => seen.push('stored')),
        commit({ save: (id) => void seen.push(`saved ${id}`) }, { after: [counted, stored] }),
      )
      .subscribe({ error: (error) => expect.unreachable(String(error)) })
    for (const id of ['1', '2', '3']) source.next(event('a', 'e', id))
    expect(seen).toEqual([])
    clock.advanceBy(100)
    expect(seen).toEqual(['stored', 'saved 1', 'saved 2'])
    source.complete()
    clock.runOut()
    expect(seen.slice(3)).toEqual(['stored', 'saved 3'])
  })

  it('saves no event that a stage above has put behind a later one, before it has fired', () => {
    const operators: readonly ((stage: Stage) => OperatorFunction<SseEvent<number>, unknown>)[] = [
      (stage) =>
        windowAggregate(tumbling(100), {
          timestamp: (e) => e.data,
          aggregates: (a) => ({ n: a.count() }),
          stage,
        }),
      (stage) =>
        scanByKey(
          { timestamp: (e: SseEvent<number>) => e.data, seed: () => 0, onTimer: (n) => n, stage },
          (n, _, { setTimer }) => {
            setTimer(100)
            return n + 1
          },
        ),
    ]
    for (const create of operators) {
      const source = new Subject<SseEvent<number>>()
      const [sorted, fired] = [createStage('sorted'), createStage('fired')]
      const saved: string[] = []
      source
        .pipe(
          reorder({ timestamp: (e) => e.data, maxOutOfOrderness: 10, stage: sorted }),
          create(fired),
          commit({ save: (id) => void saved.push(id) }, { after: [sorted, fired] }),
        )
        .subscribe({ error: (error) => expect.unreachable(String(error)) })
      for (const [id, at] of [8, 5, 30, 99, 112].entries())
        source.next({ ...event(''), data: at, lastEventId: `${id}` })
      expect(saved).toEqual([])
      source.next({ ...event(''), data: 130, lastEventId: '5' })
      expect(saved[0]).toBe('3')
    }
  })

  it('starts anew when the stream is subscribed again', () => {
    const source = new Subject<SseEvent<number>>()
    const [grouped, stored] = [createStage('grouped'), createStage('stored')]
    const saved: string[] = []
    const stream = source.pipe(
      groupWithin({ maxItems: 2, stage: grouped, scheduler: new VirtualClock() }),
      processWith(() => new Subject<never>(), { stage: stored }),
      commit({ save: (id) => void saved.push(id) }, { after: [grouped, stored] }),
    )
    const first = stream.subscribe()
    for (const id of ['1', '2', '3']) source.next({ ...event(''), data: 1, lastEventId: id })
    first.unsubscribe()
    stream.subscribe()
    for (const id of ['2', '3']) source.next({ ...event(''), data: 1, lastEventId: id })
    expect(saved).toEqual([])
  })
})

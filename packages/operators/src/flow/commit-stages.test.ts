import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { delay, filter, map, Subject, tap, timer } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/events.ts'
import { turn } from '../../test/turn.ts'
import { data } from '../decode/data.ts'
import { decode } from '../decode/decode.ts'
import { decodeJson } from '../decode/decode-json.ts'
import { ofType } from '../filter/of-type.ts'
import type { SseEvent } from '../index.ts'
import { dedupe } from '../keyed/dedupe.ts'
import { createStage } from '../stage/create-stage.ts'
import { reorder } from '../window/reorder.ts'
import { session, tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import { batchWith } from './batch-with.ts'
import { commit } from './commit.ts'
import { conflateWith } from './conflate-with.ts'
import { processWith } from './process-with.ts'

function recorder() {
  const saved: string[] = []
  return { saved, save: (id: string) => void saved.push(id) }
}

describe('commit after stages', () => {
  it('moves past what a stage has filtered', () => {
    const source = new Subject<SseEvent>()
    const wanted = createStage('wanted')
    const checkpoint = recorder()
    source.pipe(ofType(['b'], { stage: wanted }), commit(checkpoint, { after: wanted })).subscribe()
    for (let id = 0; id < 1000; id++) source.next(event('1', id === 3 ? 'b' : 'a', String(id)))
    expect(checkpoint.saved.at(-1)).toBe('999')
    expect(checkpoint.saved).toHaveLength(1000)
  })

  it('waits for what the last of several stages holds, and moves past what the others have filtered', async () => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent>()
    const [parsed, once, stored] = [createStage('parsed'), createStage('once'), createStage('stored')]
    const checkpoint = recorder()
    source
      .pipe(
        decodeJson<number>({ stage: parsed, onInvalid: () => {} }),
        data(),
        dedupe({ key: (n) => n, stage: once }),
        tap(() => {}),
        processWith((n) => timer(n, clock), { concurrency: 2, stage: stored }),
        commit(checkpoint, { after: [parsed, once, stored] }),
      )
      .subscribe()
    for (const [id, text] of ['30', '10', '10', 'x', '50'].entries())
      source.next(event(text, 'e', String(id)))
    clock.advanceTo(29)
    expect(checkpoint.saved).toEqual([])
    clock.advanceTo(30)
    expect(checkpoint.saved).toEqual(['3'])
    source.next(event('10', 'e', '5'))
    clock.runOut()
    expect(checkpoint.saved).toEqual(['3', '5'])
  })

  it('waits for asynchronous validations above', async () => {
    const source = new Subject<SseEvent>()
    const answers: (() => void)[] = []
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          new Promise<{ value: unknown }>((resolve) => answers.push(() => resolve({ value }))),
      },
    }
    const [decoded, stored] = [createStage('decoded'), createStage('stored')]
    const checkpoint = recorder()
    source
      .pipe(
        decode(schema, { stage: decoded }),
        map((e) => e.data),
        processWith(async () => 'stored', { stage: stored }),
        commit(checkpoint, { after: [decoded, stored] }),
      )
      .subscribe()
    source.next(event('1', 'e', '1'))
    source.next(event('2', 'e', '2'))
    answers[1]?.()
    await turn()
    expect(checkpoint.saved).toEqual([])
    answers[0]?.()
    await turn()
    expect(checkpoint.saved.at(-1)).toBe('2')
  })

  it.each(['batchWith', 'conflateWith'])('follows events through a filter into %s', (name) => {
    const clock = new VirtualClock()
    const source = new Subject<SseEvent>()
    const [wanted, stored] = [createStage('wanted'), createStage('stored')]
    const checkpoint = recorder()
    source
      .pipe(
        dedupe({ key: (e) => e.data, stage: wanted }),
        map((e) => Number(e.data)),
        name === 'batchWith'
          ? batchWith({ maxItems: 10 }, () => timer(10, clock), { stage: stored })
          : conflateWith(
              (a: number | undefined, b: number) => (a ?? 0) + b,
              () => timer(10, clock),
              { stage: stored },
            ),
        commit(checkpoint, { after: [wanted, stored] }),
      )
      .subscribe()
    for (const [id, text] of ['1', '2', '1', '3', '3'].entries()) source.next(event(text, 'e', String(id)))
    clock.advanceTo(10)
    expect(checkpoint.saved).toEqual(['0'])
    clock.runOut()
    expect(checkpoint.saved.at(-1)).toBe('4')
  })

  it('saves an ID only when every event up to it is filtered, late, or in windows that have all fired', () => {
    const step = fc.record({
      at: fc.integer({ min: 0, max: 60 }),
      key: fc.constantFrom('a', 'b'),
      what: fc.constantFrom('x', 'x', 'x', 'noise'),
    })
    const spec = fc.constantFrom(tumbling(10), session(5), session(8, { maxDuration: 20 }))
    const options = fc.record({
      maxOutOfOrderness: fc.nat(20),
      allowedLateness: fc.nat(20),
      maxKeys: fc.constantFrom(1, 5),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), spec, options, (steps, windows, config) => {
        const source = new Subject<SseEvent<(typeof steps)[number]>>()
        const [wanted, counted] = [createStage('wanted'), createStage('counted')]
        const done = new Set<string>()
        let sent = -1
        let last = -1
        source
          .pipe(
            filter(() => true),
            dedupe({
              key: (e) => (e.type === 'noise' ? 'noise' : e.lastEventId),
              stage: wanted,
              onDropped: (e) => done.add(e.lastEventId),
            }),
            windowAggregate(windows, {
              ...config,
              timestamp: (e) => e.data.at,
              key: (e) => e.data.key,
              stage: counted,
              late: (e) => done.add(e.lastEventId),
              aggregates: (a) => ({ ids: a.collect((e) => e.lastEventId) }),
            }),
            tap(({ value, pane }) => {
              if (pane !== 'early') for (const id of value.ids) done.add(id)
            }),
            commit(
              {
                save(id) {
                  for (let n = 0; n <= Number(id); n++) expect(done.has(String(n))).toBe(true)
                  expect(Number(id)).toBeLessThanOrEqual(sent)
                  last = Number(id)
                },
              },
              { after: [wanted, counted] },
            ),
          )
          .subscribe({ error: (error) => expect.unreachable(String(error)) })
        for (const [id, each] of steps.entries()) {
          sent = id
          source.next({ type: each.what, data: each, lastEventId: String(id) })
        }
        source.complete()
        expect(last).toBe(steps.length - 1)
      }),
      { numRuns: 500 },
    )
  })

  it('moves on while windows fire, not only at the end', () => {
    const source = new Subject<SseEvent<number>>()
    const counted = createStage('counted')
    const checkpoint = recorder()
    source
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp: (e) => e.data,
          stage: counted,
          aggregates: (a) => ({ n: a.count() }),
        }),
        commit(checkpoint, { after: counted }),
      )
      .subscribe()
    for (const [id, at] of [1, 5, 12, 3, 25].entries()) source.next(event(at, 'e', String(id)))
    expect(checkpoint.saved).toEqual(['1', '3'])
  })

  it('follows an event through `reorder`, which holds it for a while', () => {
    const source = new Subject<SseEvent<number>>()
    const [sorted, stored] = [createStage('sorted'), createStage('stored')]
    const checkpoint = recorder()
    source
      .pipe(
        reorder({ timestamp: (e) => e.data, maxOutOfOrderness: 5, stage: sorted }),
        map(({ data: at }) => at),
        processWith(() => [], { stage: stored }),
        commit(checkpoint, { after: [sorted, stored] }),
      )
      .subscribe()
    for (const [id, at] of [10, 7, 14, 2, 30].entries()) source.next(event(at, 'e', String(id)))
    expect(checkpoint.saved).toEqual(['1', '3'])
  })

  it('errors if an operator without a stage holds events between two stages', async () => {
    const source = new Subject<SseEvent>()
    const [wanted, stored] = [createStage('wanted'), createStage('stored')]
    const checkpoint = recorder()
    const errors: string[] = []
    source
      .pipe(
        dedupe({ key: (e) => e.data, stage: wanted }),
        delay(0),
        processWith(() => [], { stage: stored }),
        commit(checkpoint, { after: [wanted, stored] }),
      )
      .subscribe({ error: (error: Error) => errors.push(error.message) })
    source.next(event('1', 'e', '1'))
    expect(errors).toEqual([
      'commit: an operator between the stages "wanted" and "stored" filters or holds events. Give it a stage too, or put it above them',
    ])
    expect(checkpoint.saved).toEqual([])
  })
})

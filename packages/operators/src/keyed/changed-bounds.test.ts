import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Field, Schema, Utf8 } from 'apache-arrow'
import { map, type Observable, type OperatorFunction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { copyState, keepState } from '../../test/kept.ts'
import { toRecordBatches } from '../arrow/to-record-batches.ts'
import type { Stage } from '../stage/stage.ts'
import { groupWithin } from '../window/group-within.ts'
import { joinWithin } from '../window/join-within.ts'
import { dedupe } from './dedupe.ts'
import { lag } from './lag.ts'
import { scanByKey } from './scan-by-key.ts'

interface Reading {
  readonly key: string
  readonly time: number
}

const NOW = 1_700_000_000_000
const DAY = 86_400_000
const key = (reading: Reading) => reading.key
const timestamp = (reading: Reading) => reading.time

/** Runs a program, then another one that goes on from the state of the first. Returns what the second one emits. */
function restart<R>(
  [first, ...before]: readonly [(stage: Stage) => OperatorFunction<Reading, R>, ...Reading[]],
  [second, ...after]: readonly [(stage: Stage) => OperatorFunction<Reading, R>, ...Reading[]],
) {
  const start = (program: typeof first) => {
    const source = new Subject<Reading>()
    const kept = keepState()
    const results: R[] = []
    source.pipe(program(kept.stage)).subscribe((result) => results.push(result))
    return { ...kept, source, results }
  }
  const one = start(first)
  for (const reading of before) one.source.next(reading)
  const two = start(second)
  two.state().restore(copyState(one.state(), () => {}))
  for (const reading of after) two.source.next(reading)
  return { results: two.results, keys: two.stage.counts().keys, stage: two.stage }
}

const at = (name: string, time = NOW): Reading => ({ key: name, time })

describe('a restored state', () => {
  it.each([[{}], [{ maxKeys: 100 }]])(
    'saved with %o counts as used at the restart if there is a `ttl` now',
    (bounds) => {
      const seen = restart(
        [(stage) => dedupe({ key, timestamp, stage, ...bounds }), at('a')],
        [
          (stage) => dedupe({ key, timestamp, stage, ttl: '1d' }),
          at('a', NOW + 1000),
          at('a', NOW + 1000 + DAY),
        ],
      )
      expect(seen.results).toEqual([at('a', NOW + 1000 + DAY)])

      const count = (ttl: object) => (stage: Stage) =>
        scanByKey<Reading, number, string>(
          { key, timestamp, stage, seed: () => 0, ...bounds, ...ttl },
          (n) => n + 1,
        )
      const counted = restart(
        [count({}), at('a')],
        [count({ ttl: '30d' }), at('a', NOW + 1), at('a', NOW + 2 + 30 * DAY)],
      )
      expect(counted.results).toEqual([2, 1])

      const clock = new VirtualClock()
      clock.advanceTo(NOW)
      const lagged = restart<unknown>(
        [(stage) => lag({ key, stage, ...bounds }, (now, before) => [now, before]), at('a')],
        [(stage) => lag({ key, stage, ttl: '1d', scheduler: clock }, (_, before) => before), at('a', 5)],
      )
      expect(lagged.results).toEqual([at('a')])
    },
  )

  it('keeps no more than `maxKeys`, also if that was more before', () => {
    const names = Array.from({ length: 100 }, (_, n) => at(`${n}`))
    const { keys, results } = restart(
      [(stage) => dedupe({ key, stage }), ...names],
      [(stage) => dedupe({ key, stage, maxKeys: 10 }), at('new'), at('99'), at('50')],
    )
    expect(keys).toBe(10)
    expect(results).toEqual([at('new'), at('50')])

    const join = (maxBuffered: number) => (stage: Stage) =>
      joinWithin<Reading, Reading, unknown, string>(
        new Subject(),
        { left: { key, timestamp }, right: { key, timestamp }, within: '1d', maxBuffered, stage },
        (a) => a,
      )
    const joined = restart([join(1000), ...names], [join(10), at('new')])
    expect(joined.stage.counts().dropped).toBe(91)
  })

  it('is emitted in groups and batches of no more than the limit, also if that was higher before', () => {
    const names = Array.from({ length: 8 }, (_, n) => at(`${n}`))
    const group = (maxItems: number) => (stage: Stage) => groupWithin<Reading>({ maxItems, stage })
    const grouped = restart([group(100), ...names], [group(3), at('8')])
    expect(grouped.results.map((list) => list.map(key).join())).toEqual(['0,1,2', '3,4,5', '6,7,8'])

    const schema = new Schema([new Field('key', new Utf8())])
    const batch = (maxRows: number) => (stage: Stage) => (source: Observable<Reading>) =>
      source.pipe(
        toRecordBatches({ schema, maxRows, maxWait: '1h', scheduler: new VirtualClock(), stage }),
        map((rows) => rows.toArray().map((row) => row?.key)),
      )
    const batched = restart([batch(100), ...names], [batch(3), at('8')])
    expect(batched.results.map((list) => list.join())).toEqual(['0,1,2', '3,4,5', '6,7,8'])
  })

  it('is not kept for longer because the clock of the next process is behind', () => {
    const [clock, behind] = [new VirtualClock(), new VirtualClock()]
    clock.advanceTo(NOW + DAY)
    behind.advanceTo(NOW)
    const source = new Subject<Reading>()
    const kept = keepState()
    const results: Reading[] = []
    const first = keepState()
    const ttl = '10m'
    const events = new Subject<Reading>()
    events.pipe(dedupe({ key, ttl, scheduler: clock, stage: first.stage })).subscribe()
    events.next(at('a'))
    source
      .pipe(dedupe({ key, ttl, scheduler: behind, stage: kept.stage }))
      .subscribe((result) => results.push(result))
    kept.state().restore(copyState(first.state(), () => {}))
    source.next(at('a'))
    behind.advanceTo(NOW + 600_000)
    source.next(at('a', 2))
    expect(results).toEqual([at('a', 2)])
  })
})

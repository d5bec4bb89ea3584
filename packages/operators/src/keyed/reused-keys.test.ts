import { type OperatorFunction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { copyState, keepState } from '../../test/kept.ts'
import {
  type Aggregates,
  countWindow,
  dedupe,
  lag,
  type Stage,
  scanByKey,
  session,
  slidingWindow,
  threshold,
  tumbling,
  windowAggregate,
} from '../index.ts'

interface Reading {
  readonly of: string
  readonly time: number
}

type KeyOf = (reading: Reading) => readonly [string, number]

const timestamp = (reading: Reading) => reading.time
const aggregates = (a: Aggregates<Reading>) => ({ n: a.count() })
const levels = { high: 50 }

const operators: Readonly<Record<string, (key: KeyOf, stage: Stage) => OperatorFunction<Reading, unknown>>> =
  {
    'tumbling windows': (key, stage) => windowAggregate(tumbling(20), { key, timestamp, aggregates, stage }),
    'session windows': (key, stage) => windowAggregate(session(15), { key, timestamp, aggregates, stage }),
    slidingWindow: (key, stage) => slidingWindow({ size: 30, key, timestamp, aggregates, stage }),
    countWindow: (key, stage) => countWindow({ size: 2, key, aggregates, stage }),
    scanByKey: (key, stage) =>
      scanByKey(
        { key, seed: () => 0, project: (n, moment) => [n, ...moment.key], stage },
        (n: number) => n + 1,
      ),
    dedupe: (key, stage) => dedupe({ key, stage }),
    lag: (key, stage) => lag({ key, stage }, (now: Reading, before) => [now.time, before?.time]),
    threshold: (key, stage) => threshold({ key, value: timestamp, levels, changesOnly: true, stage }),
  }

/** What an operator emits, and how many keys it has, before and after its state is restored in the middle. */
function run(operator: (typeof operators)[string], createKey: () => KeyOf): readonly unknown[] {
  const results: unknown[] = []
  const start = () => {
    const source = new Subject<Reading>()
    const { stage, state } = keepState()
    source.pipe(operator(createKey(), stage)).subscribe((result) => results.push(structuredClone(result)))
    return { source, stage, state }
  }
  const readings = [...'abacabcadba'].map((of, i) => ({ of, time: i * 9 }))
  const first = start()
  for (const reading of readings) first.source.next(reading)
  const second = start()
  second.state().restore(copyState(first.state(), () => {}))
  for (const { of, time } of readings) second.source.next({ of, time: time + 100 })
  results.push(first.stage.counts().keys, second.stage.counts().keys)
  for (const { source } of [first, second]) source.complete()
  return results
}

describe.each(Object.entries(operators))('%s', (_, operator) => {
  it('does the same if the function `key` returns one array again and again', () => {
    const anew = run(operator, () => ({ of }) => [of, 1])
    const reused = run(operator, () => {
      const array: [string, number] = ['', 1]
      return ({ of }) => {
        array[0] = of
        return array
      }
    })
    expect(anew.length).toBeGreaterThan(4)
    expect(reused).toEqual(anew)
  })
})

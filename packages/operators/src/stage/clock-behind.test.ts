import { VirtualClock } from '@rxsse/testing/virtual-time'
import { type OperatorFunction, type SchedulerLike, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { copyState, keepState } from '../../test/kept.ts'
import { scanByKey } from '../keyed/scan-by-key.ts'
import { rateLimit } from '../rate/rate-limit.ts'
import { reorder } from '../window/reorder.ts'
import { tumbling } from '../window/spec.ts'
import { windowAggregate } from '../window/window-aggregate.ts'
import type { StageOptions } from './operate.ts'

const NOON = 1_700_000_040_000
const HOUR = 3_600_000

type Program<R> = (
  options: StageOptions & { readonly scheduler: SchedulerLike },
) => OperatorFunction<string, R>

/** Starts a program at a time of day. */
function start<R>(program: Program<R>, now: number) {
  const clock = new VirtualClock()
  clock.advanceTo(now)
  const source = new Subject<string>()
  const results: R[] = []
  const { stage, state } = keepState()
  source.pipe(program({ scheduler: clock, stage })).subscribe((result) => results.push(result))
  return { clock, source, results, stage, state }
}

/** Ends it after two events at noon, and starts it again with a clock that shows an hour less. */
function restart<R>(program: Program<R>) {
  const first = start(program, NOON)
  for (const event of ['1', '2']) first.source.next(event)
  const second = start(program, NOON - HOUR)
  second.state().restore(copyState(first.state(), () => {}))
  return { ...second, pass: (ms: number) => second.clock.advanceTo(second.clock.now() + ms) }
}

describe('an operator that is restored where the clock is behind', () => {
  it('has no late events, and fires its windows when they should', () => {
    const { source, stage, results, pass } = restart((options) =>
      windowAggregate(tumbling('1s'), { ...options, aggregates: (a) => ({ n: a.count() }) }),
    )
    source.next('3')
    pass(1000)
    expect(stage.counts().late).toBe(0)
    expect(results.map(({ window, value }) => [window.start - NOON, value.n])).toEqual([[0, 3]])
    source.next('4')
    pass(1000)
    expect(results.at(-1)).toMatchObject({ window: { start: NOON + 1000 }, value: { n: 1 } })
  })

  it('holds nothing for an hour', () => {
    const ordered = restart((options) => reorder<string>({ ...options, maxOutOfOrderness: 500 }))
    ordered.source.next('3')
    ordered.pass(500)
    expect(ordered.results).toEqual(['1', '2', '3'])
    expect(ordered.stage.counts().late).toBe(0)

    const timed = restart((options) =>
      scanByKey<string, string, undefined, string>(
        { ...options, seed: () => '', onTimer: () => 'due', project: (state) => state },
        (_, event, { time, setTimer }) => {
          setTimer(time + 1000)
          return event
        },
      ),
    )
    timed.source.next('3')
    timed.pass(1000)
    expect(timed.results).toEqual(['3', 'due'])
  })

  it.each(['shape', 'drop'] as const)('lets events pass at its rate (mode %s)', (mode) => {
    const { source, results, pass } = restart((options) =>
      rateLimit<string>({ ...options, tokens: 3, interval: '1s', mode }),
    )
    source.next('3')
    pass(1000)
    source.next('4')
    expect(results).toEqual(['3', '4'])
  })
})

import { VirtualClock } from '@rxsse/testing/virtual-time'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import type { Pane, WindowResult } from '../engine/window-engine.ts'
import { createStage } from '../stage/create-stage.ts'
import { collectWindow } from './collect-window.ts'

type Result = WindowResult<string, number>
const result = (key: string, start: number, value: number, pane: Pane = 'on-time'): Result => ({
  key,
  window: { start, end: start + 10 },
  value,
  pane,
  revision: 0,
})

describe('collectWindow', () => {
  it('collects the results of a window, ordered and limited, and passes the rest to onDropped', () => {
    const clock = new VirtualClock()
    const source = new Subject<Result>()
    const seen: unknown[] = []
    const dropped: string[] = []
    source
      .pipe(
        collectWindow({
          orderBy: (a, b) => b.value - a.value,
          limit: 2,
          onDropped: (r) => dropped.push(r.key),
          scheduler: clock,
        }),
      )
      .subscribe(({ window, pane, results }) => seen.push([window.start, pane, results.map((r) => r.key)]))
    for (const r of [result('a', 0, 1), result('b', 0, 3), result('c', 0, 2), result('a', 10, 1)])
      source.next(r)
    expect(seen).toEqual([[0, 'on-time', ['b', 'c']]])
    clock.runOut()
    expect(seen.slice(1)).toEqual([[10, 'on-time', ['a']]])
    expect(dropped).toEqual(['a'])
  })

  it('keeps late results apart', () => {
    const source = new Subject<Result>()
    const seen: unknown[] = []
    source
      .pipe(collectWindow({ scheduler: new VirtualClock() }))
      .subscribe(({ pane, results }) => seen.push([pane, results.length]))
    for (const r of [result('a', 0, 1), result('b', 0, 3), result('a', 0, 2, 'late')]) source.next(r)
    source.complete()
    expect(seen).toEqual([
      ['on-time', 2],
      ['late', 1],
    ])
  })

  it('has one result for each key, the one with the highest revision, so that none is pushed out', () => {
    const clock = new VirtualClock()
    const source = new Subject<Result>()
    const stage = createStage('collect')
    const seen: unknown[] = []
    source
      .pipe(collectWindow({ orderBy: (a, b) => b.value - a.value, limit: 2, stage, scheduler: clock }))
      .subscribe(({ results }) => seen.push(results.map(({ key, value }) => [key, value])))
    source.next(result('a', 0, 5, 'late'))
    source.next({ ...result('a', 0, 6, 'late'), revision: 1 })
    source.next({ ...result('b', 0, 1, 'late'), revision: 2 })
    source.next({ ...result('b', 0, 9, 'late'), revision: 1 })
    clock.runOut()
    expect(seen).toEqual([
      [
        ['a', 6],
        ['b', 1],
      ],
    ])
    expect(stage.counts()).toMatchObject({ in: 4, out: 2, dropped: 2, buffered: 0 })
  })

  it('keeps the parts of a window that was split apart', () => {
    const clock = new VirtualClock()
    const source = new Subject<Result>()
    const seen: unknown[] = []
    source
      .pipe(collectWindow({ scheduler: clock }))
      .subscribe(({ results }) => seen.push(results.map(({ value }) => value)))
    source.next(result('a', 0, 5))
    source.next({ ...result('a', 0, 6), part: 1 })
    clock.runOut()
    expect(seen).toEqual([[5, 6]])
  })

  it('refuses a limit of 0', () => {
    expect(() => collectWindow({ limit: 0 })).toThrow(
      'collectWindow: limit must be a whole number of at least 1, or Infinity, not the number 0',
    )
  })
})

conformance<Result, unknown>('collectWindow', {
  operator: (options) => collectWindow({ limit: 2, ...options }),
  input: (i) => result(`k${i}`, Math.floor(i / 3) * 10, i),
  failing: (fail, options) => collectWindow({ orderBy: fail, ...options }),
  unroutable: true,
})

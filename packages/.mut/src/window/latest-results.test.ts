import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import type { WindowResult } from '../engine/window-engine.ts'
import { createStage } from '../stage/create-stage.ts'
import { latestResults } from './latest-results.ts'

type Result = WindowResult<string, number>

function result(key: string, start: number, value: number, rest: Partial<Result> = {}): Result {
  return { key, window: { start, end: start + 10 }, value, pane: 'on-time', revision: 0, ...rest }
}

function driven(windows: number) {
  const clock = new VirtualClock()
  const source = new Subject<Result>()
  const stage = createStage('latest')
  const seen: (readonly string[])[] = []
  source
    .pipe(latestResults({ windows, scheduler: clock, stage }))
    .subscribe((list) => seen.push(list.map(({ key, value }) => `${key}${value}`)))
  return {
    clock,
    source,
    stage,
    turn(...results: readonly Result[]) {
      for (const r of results) source.next(r)
      clock.runOut()
      return seen.splice(0)
    },
  }
}

describe('latestResults', () => {
  it('has the highest revision of each key in the newest windows, by window and then by key', () => {
    const { turn, stage } = driven(2)
    expect(turn(result('a', 0, 1), result('b', 0, 2))).toEqual([['a1', 'b2']])
    expect(turn(result('a', 0, 3, { revision: 1 }))).toEqual([['a3', 'b2']])
    expect(turn(result('b', 10, 4), result('a', 20, 5))).toEqual([['b4', 'a5']])
    // A result of an older window, or an older revision, changes nothing.
    expect(turn(result('c', 0, 6), result('b', 10, 7, { revision: -1 }))).toEqual([])
    expect(stage.counts()).toMatchObject({ in: 7, out: 5, dropped: 2, buffered: 0 })
  })

  it('keeps the parts of a split window apart, and drops what a session replaces', () => {
    const { turn } = driven(3)
    expect(turn(result('a', 0, 1), result('a', 0, 2, { part: 1 }))).toEqual([['a1', 'a2']])
    expect(
      turn(
        result('a', 20, 3),
        result('b', 0, 4),
        result('a', 20, 5, {
          window: { start: 0, end: 30 },
          replaces: [
            { start: 0, end: 10 },
            { start: 20, end: 30 },
          ],
        }),
      ),
    ).toEqual([['a2', 'b4', 'a5']])
  })

  it('emits once a turn, the changes of the last turn at completion, and nothing if nothing changes', () => {
    const { source, turn } = driven(1)
    expect(turn()).toEqual([])
    expect(turn(result('a', 0, 1), result('a', 0, 2, { revision: 1 }))).toEqual([['a2']])
    source.next(result('b', 0, 3))
    source.complete()
    expect(turn()).toEqual([['a2', 'b3']])
  })

  it('has in the end what sorting and grouping all results gives', () => {
    const arbitrary = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      start: fc.integer({ min: 0, max: 4 }),
      part: fc.constantFrom(undefined, 1),
    })
    fc.assert(
      fc.property(fc.array(arbitrary), fc.integer({ min: 1, max: 4 }), (events, windows) => {
        const { turn } = driven(windows)
        const revisions = new Map<string, number>()
        const all = events.map(({ key, start, part }, value) => {
          const id = `${key} ${start} ${part}`
          const revision = revisions.get(id) ?? 0
          revisions.set(id, revision + 1)
          return result(key, start * 10, value, { revision, ...(part !== undefined && { part }) })
        })
        let list: readonly string[] = []
        for (const r of all) list = turn(r).at(-1) ?? list
        // A window that was dropped may come back only with a newer result of its own, so the model drops as it goes.
        const kept = new Map<string, Result>()
        for (const r of all) {
          kept.set(`${r.key} ${r.window.start} ${r.part}`, r)
          const newest = [...new Set([...kept.values()].map(({ window }) => window.start))]
            .sort((a, b) => b - a)
            .slice(0, windows)
          for (const [id, { window }] of kept) if (!newest.includes(window.start)) kept.delete(id)
        }
        const expected = [...kept.values()].map(({ key, value }) => `${key}${value}`)
        expect(list.toSorted()).toEqual(expected.toSorted())
      }),
    )
  })

  it('refuses a number of windows that is none', () => {
    expect(() => latestResults({ windows: 0 })).toThrow('latestResults: windows')
  })
})

conformance<Result, unknown>('latestResults', {
  operator: (options) => latestResults({ windows: 2, ...options }),
  input: (i) => result(`k${i}`, Math.floor(i / 3) * 10, i),
})

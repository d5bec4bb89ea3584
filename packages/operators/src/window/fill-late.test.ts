import { from } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { at, driven, type Reading } from '../../test/driven-windows.ts'
import { hopping, tumbling } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

describe('fill, with late events', () => {
  it('gives a key whose first event is late the windows after it too', () => {
    const { source, taken } = driven(tumbling(10), {
      fill: true,
      allowedLateness: 100,
      key: (r) => r.sensor,
    })
    source.next(at(45, 1, 'a'))
    source.next(at(12, 1, 'b'))
    expect(taken()).toEqual([
      [0, 'b', 10, 20, 1, 'late', 0],
      [0, 'b', 20, 30, 0, 'on-time', 0],
      [0, 'b', 30, 40, 0, 'on-time', 0],
    ])
    source.next(at(51, 1, 'a'))
    expect(taken()).toEqual([
      [0, 'a', 40, 50, 1, 'on-time', 0],
      [0, 'b', 40, 50, 0, 'on-time', 0],
    ])
  })

  it('gives a key whose first window is still open the windows after an earlier, late one', () => {
    const { source, taken } = driven(tumbling(10), { fill: true, allowedLateness: 100 })
    source.next(at(45))
    source.next(at(21))
    expect(taken()).toEqual([
      [0, undefined, 20, 30, 1, 'late', 0],
      [0, undefined, 30, 40, 0, 'on-time', 0],
    ])
    source.next(at(51))
    expect(taken()).toEqual([[0, undefined, 40, 50, 1, 'on-time', 0]])
  })

  it('goes on from the windows that are still open, if the first event is late for some of its windows only', () => {
    const { source, taken } = driven(hopping({ size: 30, every: 10 }), {
      fill: true,
      allowedLateness: 100,
      key: (r) => r.sensor,
    })
    source.next(at(45, 1, 'a'))
    taken()
    source.next(at(22, 1, 'b'))
    expect(taken()).toEqual([
      [0, 'b', 0, 30, 1, 'late', 0],
      [0, 'b', 10, 40, 1, 'late', 0],
    ])
    source.next(at(61, 1, 'b'))
    expect(taken()).toEqual([
      [0, 'a', 20, 50, 1, 'on-time', 0],
      [0, 'b', 20, 50, 1, 'on-time', 0],
      [0, 'a', 30, 60, 1, 'on-time', 0],
      [0, 'b', 30, 60, 0, 'on-time', 0],
    ])
  })

  it('counts empty windows anew from a window that a late event has come to', () => {
    const { source, taken } = driven(tumbling(10), { fill: true, maxEmpty: 1, allowedLateness: 100 })
    for (const time of [1, 51]) source.next(at(time))
    expect(taken()).toEqual([
      [0, undefined, 0, 10, 1, 'on-time', 0],
      [0, undefined, 10, 20, 0, 'on-time', 0],
    ])
    source.next(at(12))
    expect(taken()).toEqual([
      [0, undefined, 10, 20, 1, 'late', 1],
      [0, undefined, 20, 30, 0, 'on-time', 0],
    ])
  })

  it('fills with the value that the window before has now', () => {
    const seen: unknown[] = []
    from([at(1, 5), at(12, 3), at(8, 9), at(13, 1), at(25, 2), at(14, 7), at(38, 4)])
      .pipe(
        windowAggregate(tumbling(5), {
          timestamp: (r: Reading) => r.at,
          allowedLateness: 100,
          fill: 'previous',
          aggregates: (a) => ({ max: a.max((r) => r.value) }),
        }),
      )
      .subscribe(({ window, value, pane, empty }) =>
        seen.push([window.start, value.max, pane, empty ?? false]),
      )
    expect(seen).toEqual([
      [0, 5, 'on-time', false],
      [5, 5, 'on-time', true],
      [5, 9, 'late', false],
      [10, 3, 'on-time', false],
      [15, 3, 'on-time', true],
      [20, 3, 'on-time', true],
      // The window after this one has had a result, which stays.
      [10, 7, 'late', false],
      [25, 2, 'on-time', false],
      [30, 2, 'on-time', true],
      [35, 4, 'flush', false],
    ])
  })

  it('fills with a late value if the watermark has not passed the window after it', () => {
    const seen: unknown[] = []
    from([at(1, 5), at(12, 3), at(4, 9), at(35, 1)])
      .pipe(
        windowAggregate(tumbling(10), {
          timestamp: (r: Reading) => r.at,
          key: (r) => (r.at === 12 ? 'other' : 'late'),
          allowedLateness: 100,
          fill: 'previous',
          aggregates: (a) => ({ max: a.max((r) => r.value) }),
        }),
      )
      .subscribe(({ key, window, value, pane }) => {
        if (key === 'late') seen.push([window.start, value.max, pane])
      })
    expect(seen).toEqual([
      [0, 5, 'on-time'],
      [0, 9, 'late'],
      [10, 9, 'on-time'],
      [20, 9, 'on-time'],
      [30, 1, 'flush'],
    ])
  })
})

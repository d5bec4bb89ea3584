import { concatMap, debounceTime, interval, merge, NEVER, of, retry, take, throwError, timeout } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { runVirtual } from './run-virtual.ts'

describe('runVirtual', () => {
  it('tells what a pipeline emits, and when', () => {
    const script = [
      [0, 'a'],
      [30, 'b'],
      [400, 'c'],
    ] as const
    expect(runVirtual(script, (letters, clock) => letters.pipe(debounceTime(100, clock)))).toEqual([
      { at: 130, value: 'b' },
      { at: 400, value: 'c' },
      { at: 400, complete: true },
    ])
  })

  it('an hour takes no time, and is the same each time', () => {
    const run = () =>
      runVirtual([[3_600_000, 1]], (source, clock) =>
        source.pipe(timeout({ each: 3_599_999, scheduler: clock })),
      )
    expect(run()).toMatchObject([{ at: 3_599_999, error: { name: 'TimeoutError' } }])
    expect(run()).toEqual(run())
  })

  it('whoever subscribes again gets the script from the start, from that moment on', () => {
    const boom = new Error('boom')
    expect(
      runVirtual(
        [[10, 'a']],
        (source, clock) => source.pipe(retry({ count: 1, delay: () => of(0, clock) })),
        {
          end: { error: boom },
          endAt: 50,
        },
      ),
    ).toEqual([
      { at: 10, value: 'a' },
      { at: 60, value: 'a' },
      { at: 100, error: boom },
    ])
  })

  it('a source that does not end is unsubscribed when every timer has run', () => {
    expect(runVirtual([[5, 'a']], (source) => source, { end: 'never' })).toEqual([{ at: 5, value: 'a' }])
  })

  it('a pipeline that never rests is unsubscribed where it is told to be', () => {
    const seen = runVirtual([[5, -1]], (source, clock) => merge(source, interval(10, clock)), { until: 25 })
    expect(seen).toEqual([
      { at: 5, value: -1 },
      { at: 10, value: 0 },
      { at: 20, value: 1 },
    ])
  })

  it('timers that a pipeline leaves behind are an error', () => {
    const leaky = () =>
      runVirtual(
        [[0, 'a']],
        (source, clock) => {
          clock.schedule(() => {}, 100)
          return source
        },
        { until: 50 },
      )
    expect(leaky).toThrow('the pipeline is over and has left timers behind: 1')
  })

  it('what happens in the same millisecond happens in the order of the script', () => {
    expect(
      runVirtual(
        [
          [7, 'a'],
          [7, 'b'],
        ],
        (source) =>
          source.pipe(
            concatMap((letter) => [letter, letter]),
            take(3),
          ),
      ),
    ).toEqual([
      { at: 7, value: 'a' },
      { at: 7, value: 'a' },
      { at: 7, value: 'b' },
      { at: 7, complete: true },
    ])
    expect(runVirtual([], () => throwError(() => 'x'))).toEqual([{ at: 0, error: 'x' }])
    expect(runVirtual([], () => NEVER)).toEqual([])
  })

  it.each([
    [
      'a step before the one before it',
      [
        [5, 'a'],
        [4, 'b'],
      ],
      'script[1] must come at a number of milliseconds from 5 on, got 4',
    ],
    [
      'a step before the start',
      [[-1, 'a']],
      'script[0] must come at a number of milliseconds from 0 on, got -1',
    ],
    [
      'a step at no time',
      [[Number.NaN, 'a']],
      'script[0] must come at a number of milliseconds from 0 on, got NaN',
    ],
    [
      'a step that never comes',
      [[Number.POSITIVE_INFINITY, 'a']],
      'script[0] must come at a number of milliseconds from 0 on, got Infinity',
    ],
  ] as const)('refuses %s', (_, script, message) => {
    expect(() => runVirtual(script, (source) => source)).toThrow(new RangeError(message))
  })

  it('refuses an end before the last step', () => {
    expect(() => runVirtual([[5, 'a']], (source) => source, { endAt: 4 })).toThrow(
      new RangeError('endAt must be at the last step, 5, or after it, got 4'),
    )
  })
})

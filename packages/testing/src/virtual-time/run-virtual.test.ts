import { concatMap, debounceTime, interval, merge, NEVER, of, retry, take, throwError, timeout } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { runVirtual } from './run-virtual.ts'

describe('runVirtual', () => {
  it('returns the notifications of a pipeline with their times', () => {
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

  it('runs an hour at once, with the same result each time', () => {
    const run = () =>
      runVirtual([[3_600_000, 1]], (source, clock) =>
        source.pipe(timeout({ each: 3_599_999, scheduler: clock })),
      )
    expect(run()).toMatchObject([{ at: 3_599_999, error: { name: 'TimeoutError' } }])
    expect(run()).toEqual(run())
  })

  it('starts the script again for each subscription', () => {
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

  it('unsubscribes from a source that does not end after the last timer', () => {
    expect(runVirtual([[5, 'a']], (source) => source, { end: 'never' })).toEqual([{ at: 5, value: 'a' }])
  })

  it('unsubscribes from a pipeline that always sets timers at the time of `until`', () => {
    const seen = runVirtual([[5, -1]], (source, clock) => merge(source, interval(10, clock)), { until: 25 })
    expect(seen).toEqual([
      { at: 5, value: -1 },
      { at: 10, value: 0 },
      { at: 20, value: 1 },
    ])
  })

  it('throws if a pipeline leaves timers', () => {
    const leaky = () =>
      runVirtual(
        [[0, 'a']],
        (source, clock) => {
          clock.schedule(() => {}, 100)
          return source
        },
        { until: 50 },
      )
    expect(leaky).toThrow('the pipeline has ended but left timers: 1')
  })

  it('keeps the order of the script within a millisecond', () => {
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
      'a step earlier than the previous one',
      [
        [5, 'a'],
        [4, 'b'],
      ],
      'script[1]: the time must be a number of milliseconds from 5, not the number 4',
    ],
    [
      'a step before the start',
      [[-1, 'a']],
      'script[0]: the time must be a number of milliseconds from 0, not the number -1',
    ],
    [
      'a step whose time is not a number',
      [[Number.NaN, 'a']],
      'script[0]: the time must be a number of milliseconds from 0, not the number NaN',
    ],
    [
      'a step at an infinite time',
      [[Number.POSITIVE_INFINITY, 'a']],
      'script[0]: the time must be a number of milliseconds from 0, not the number Infinity',
    ],
  ] as const)('throws for %s', (_, script, message) => {
    expect(() => runVirtual(script, (source) => source)).toThrow(new TypeError(message))
  })

  it('throws for an end before the last step', () => {
    expect(() => runVirtual([[5, 'a']], (source) => source, { endAt: 4 })).toThrow(
      new TypeError('endAt must be at or after the last step, 5 ms, not the number 4'),
    )
  })

  it.each<[string, () => unknown]>([
    ['end must be', () => runVirtual([], (source) => source, { end: 'completed' as 'complete' })],
    ['endAt must be', () => runVirtual([], (source) => source, { endAt: Number.POSITIVE_INFINITY })],
    ['until must be', () => runVirtual([], (source) => source, { until: Number.NaN })],
    ['until must be', () => runVirtual([], (source) => source, { until: -1 })],
    ['script must be', () => runVirtual('a-b' as never, (source) => source)],
    ['script[0]: the time must be', () => runVirtual([5] as never, (source) => source)],
    ['pipeline must be', () => runVirtual([], undefined as never)],
  ])('names a wrong option: %s', (message, call) => {
    expect(call).toThrow(message)
  })
})

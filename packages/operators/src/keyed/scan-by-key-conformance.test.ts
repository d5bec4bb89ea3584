import { of } from 'rxjs'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { conformance } from '../../test/conformance.ts'
import { type Reading, reading, silence } from '../../test/silence.ts'
import type { KeyContext } from './key-context.ts'
import { scanByKey } from './scan-by-key.ts'

describe('scanByKey', () => {
  it('infers the types of state, key, event and result', () => {
    of({ id: 1, region: 'eu' }).pipe(
      scanByKey(
        {
          key: (e) => [e.id, e.region],
          seed: (key) => {
            expectTypeOf(key).toEqualTypeOf<readonly [number, string]>()
            return { n: 0 }
          },
        },
        (state, event, context) => {
          expectTypeOf(state).toEqualTypeOf<{ n: number }>()
          expectTypeOf(event).toEqualTypeOf<{ id: number; region: string }>()
          expectTypeOf(context).toEqualTypeOf<KeyContext<readonly [number, string]>>()
          return { n: state.n + 1 }
        },
      ),
      scanByKey({ seed: () => 0 }, (sum, state) => {
        expectTypeOf(state).toEqualTypeOf<{ n: number }>()
        return sum + state.n
      }),
    )
  })

  it('refuses a timer that could fire without end, one without onTimer, and a call that is too late', () => {
    const errorOf = (make: (context: KeyContext<undefined>) => void, onTimer?: (n: number) => number) => {
      const errors: string[] = []
      of(1)
        .pipe(
          scanByKey({ seed: () => 0, ...(onTimer !== undefined && { onTimer }) }, (_, __, context) => {
            make(context)
            return 0
          }),
        )
        .subscribe({ error: (error) => errors.push(error.message) })
      return errors[0]
    }
    expect(errorOf(({ setTimer }) => setTimer(1))).toBe('scanByKey: setTimer needs the option onTimer')
    expect(
      errorOf(
        ({ setTimer }) => setTimer(Number.NaN),
        () => 1,
      ),
    ).toBe('scanByKey: setTimer takes a finite number of milliseconds or a valid Date, not the number NaN')
    const errors: string[] = []
    of(reading('a', 0), reading('a', 50))
      .pipe(
        silence({
          onTimer(_, { time, setTimer }) {
            setTimer(time)
            return 'silent'
          },
        }),
      )
      .subscribe({ error: (error) => errors.push(error.message) })
    expect(errors).toEqual(['scanByKey: onTimer must set a timer that is later than 10, not 10'])
    let kept: KeyContext<undefined> | undefined
    errorOf((context) => {
      kept = context
    })
    expect(() => kept?.forget()).toThrow('scanByKey: forget works only while fn or onTimer runs')
  })

  it('refuses wrong options', () => {
    // @ts-expect-error a seed that is no function would be shared by all keys
    expect(() => scanByKey({ seed: 0 }, (n) => n)).toThrow(
      new TypeError('scanByKey: seed must be a function, such as () => 0, not the number 0'),
    )
    // @ts-expect-error there is no function
    expect(() => scanByKey({ seed: () => 0 })).toThrow('scanByKey: fn must be a function, not undefined')
    // @ts-expect-error not a function
    expect(() => scanByKey({ seed: () => 0, onTimer: 5 }, () => 0)).toThrow(
      'scanByKey: onTimer must be a function, not the number 5',
    )
    expect(() => scanByKey({ seed: () => 0, ttl: 0 }, () => 0)).toThrow('scanByKey: ttl must be')
    expect(() => scanByKey({ seed: () => 0, maxKeys: 0 }, () => 0)).toThrow('scanByKey: maxKeys must be')
  })
})

conformance<Reading, number>('scanByKey', {
  operator: (options) =>
    scanByKey(
      { key: (r) => r.time % 4, seed: () => 0, onTimer: (n) => -n, ...options },
      (n: number, _, { time, setTimer }) => {
        setTimer(time + 9)
        return n + 1
      },
    ),
  input: (i) => reading(`s${i}`, i),
  failing: (fail, options) => scanByKey({ seed: () => 0, ...options }, fail),
  bounded: {
    keys: 300,
    operator: (options) =>
      scanByKey({ key: (r) => r.sensor, seed: () => 0, maxKeys: 300, ...options }, (n) => n + 1),
  },
})
conformance<Reading, string>('scanByKey in event time', {
  operator: (options) => silence(options, 2),
  input: (i) => reading(`s${i % 3}`, i * 3),
  failing: (fail, options) => silence({ ...options, timestamp: fail }),
  bounded: { keys: 600, operator: (options) => silence({ ...options, ttl: 500 }) },
})

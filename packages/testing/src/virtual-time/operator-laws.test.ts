import {
  debounceTime,
  delay,
  filter,
  type MonoTypeOperatorFunction,
  map,
  mergeMap,
  Observable,
  type OperatorFunction,
  type SchedulerLike,
  scan,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { operatorLaws } from './operator-laws.ts'

const input = (i: number): number => i

describe('the laws hold for operators of RxJS', () => {
  const sound: Record<string, (clock: SchedulerLike) => OperatorFunction<number, unknown>> = {
    map: () => map((n) => n + 1),
    scan: () => scan((sum, n) => sum + n, 0),
    delay: (clock) => delay(100, clock),
    debounceTime: (clock) => debounceTime(100, clock),
    bigints: () => map((n) => new Map([[BigInt(n), n]])),
  }
  for (const [name, operator] of Object.entries(sound)) {
    for (const { title, check } of operatorLaws({ operator, input })) it(`${name} ${title}`, check)
  }

  it('and for an operator that waits for promises, with `settle`', async () => {
    const operator = () => mergeMap(async (n: number) => n)
    const settle = () => new Promise<void>((resolve) => setTimeout(resolve))
    for (const { check } of operatorLaws({ operator, input, settle })) await check()
  })
})

/** An operator written by hand, which violates a law. */
function flawed(
  wrong: (
    source: Observable<number>,
    out: { next(n: number): void; error(e: unknown): void; complete(): void; readonly closed: boolean },
    clock: SchedulerLike,
  ) => (() => void) | undefined,
): (clock: SchedulerLike) => MonoTypeOperatorFunction<number> {
  return (clock) => (source) => new Observable((subscriber) => wrong(source, subscriber, clock))
}

describe('a violation is described', () => {
  const flaws: [
    what: string,
    operator: (clock: SchedulerLike) => OperatorFunction<number, unknown>,
    said: RegExp,
  ][] = [
    [
      'a source that stays subscribed',
      flawed((source, out) => {
        source.subscribe(observer(out))
        return undefined
      }),
      /^unsubscribed 0 ms after 0 events, it is still subscribed to its source$/,
    ],
    [
      'a timer that stays set',
      flawed((source, out, clock) => {
        clock.schedule(() => {}, 100_000)
        const subscription = source.subscribe(out)
        return () => subscription.unsubscribe()
      }),
      /^unsubscribed 0 ms after 0 events, it leaves 1 timers$/,
    ],
    [
      'a synchronous source that is not stopped',
      flawed((source, out) => {
        let over = false
        const subscription = source.subscribe({ ...observer(out), next: (n) => over || out.next(n) })
        return () => {
          over = true
          subscription.unsubscribe()
        }
      }),
      /^unsubscribed within its 6th event, the source produces 1000$/,
    ],
    [
      'an error that is delayed',
      () => delayedErrors,
      /after 0 events and an error of the source, it does not end with that error/,
    ],
    [
      'a completion that is not passed on',
      flawed((source, out) => {
        const subscription = source.subscribe({ ...observer(out), complete: () => {} })
        return () => subscription.unsubscribe()
      }),
      /^after 0 events and the end of the source, it ends with: nothing$/,
    ],
    [
      'a reentrant event that is lost',
      flawed((source, out) => {
        let busy = false
        const subscription = source.subscribe({
          ...observer(out),
          next(n) {
            if (busy) return
            busy = true
            out.next(n)
            busy = false
          },
        })
        return () => subscription.unsubscribe()
      }),
      /^output for events that its consumer sends: expected \[0,1,2.*, got \[0/,
    ],
    ['state that two subscriptions share', shared(), /^output of a second subscription: expected/],
    [
      'an operator that never emits',
      () => filter<number>(() => false),
      /^the operator emits nothing for the 24 events of `input`$/,
    ],
  ]
  it.each(flaws)('%s', async (_, operator, said) => {
    const told: string[] = []
    for (const { check } of operatorLaws({ operator, input })) {
      await check().catch((error: Error) => told.push(error.message))
    }
    expect(
      told.some((message) => said.test(message)),
      told.join('\n'),
    ).toBe(true)
  })
})

function observer<T>(out: { next(value: T): void; error(e: unknown): void; complete(): void }) {
  return {
    next: (value: T): void => out.next(value),
    error: (e: unknown): void => out.error(e),
    complete: (): void => out.complete(),
  }
}

const delayedErrors: MonoTypeOperatorFunction<number> = (source) =>
  new Observable((out) =>
    source.subscribe({
      ...observer(out),
      error: (e: unknown) => void Promise.resolve().then(() => out.error(e)),
    }),
  )

function shared(): (clock: SchedulerLike) => OperatorFunction<number, number> {
  return () => {
    let sum = 0
    return map((n) => {
      sum += n
      return sum
    })
  }
}

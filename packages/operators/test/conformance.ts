import {
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
  Observable as Stream,
  Subject,
  takeUntil,
} from 'rxjs'
import { describe, expect, it } from 'vitest'
import { instrument, type Measurements } from '../src/flow/instrument.ts'
import { Clock } from './clock.ts'

export interface Conforming<In, Out> {
  /** The operator, on the given clock. */
  readonly operator: (scheduler: SchedulerLike) => OperatorFunction<In, Out>
  /** The i-th event of a stream that gets something out of it. */
  readonly input: (i: number) => In
  /** The operator with callbacks that call `fail` for every event; with `onError`, that routes what they throw. Left out: it has no callbacks. */
  readonly failing?: (
    fail: () => never,
    scheduler: SchedulerLike,
    onError?: (error: unknown, event: In) => void,
  ) => OperatorFunction<In, Out>
  /** Set where exceptions of callbacks have no `onError`, as they cannot be pinned to an event. */
  readonly unroutable?: boolean
  /** The operator with state for each event's own key, of which it may keep no more than `keys`, while a millisecond passes from one event to the next. */
  readonly bounded?: {
    readonly keys: number
    readonly operator: (scheduler: SchedulerLike) => OperatorFunction<In, unknown>
  }
  /** Set where the operator's work ends in promises rather than on the clock. Resolves what is under way. */
  readonly settle?: () => Promise<void>
}

/** What every operator upholds, whatever it does. Its own test says what that is. */
export function conformance<In, Out>(name: string, subject: Conforming<In, Out>): void {
  const { operator, input, failing, bounded } = subject
  const events = Array.from({ length: 24 }, (_, i) => input(i))

  describe(`${name} conforms`, () => {
    it('unsubscribes from its source at once in every state, emits nothing after, and leaves no timer', async () => {
      for (let pushed = 0; pushed <= events.length; pushed++) {
        for (const wait of [0, 1, 60_000]) {
          const { clock, source, seen, subscription } = started(operator)
          for (const event of events.slice(0, pushed)) source.next(event)
          clock.advanceBy(wait)
          await subject.settle?.()
          subscription.unsubscribe()
          const before = seen.length
          expect(source.observed).toBe(false)
          expect(clock.timers).toBe(0)
          clock.runOut()
          await subject.settle?.()
          expect(seen).toHaveLength(before)
        }
      }
    })

    it('stops a synchronous source when it is unsubscribed', () => {
      const stop = new Subject<void>()
      let produced = 0
      const source = new Stream<In>((subscriber) => {
        while (!subscriber.closed && produced < 1000) {
          if (produced === 5) stop.next()
          else subscriber.next(input(produced % events.length))
          produced++
        }
      })
      const clock = new Clock()
      source.pipe(operator(clock), takeUntil(stop)).subscribe()
      expect(produced).toBe(6)
      expect(clock.timers).toBe(0)
    })

    it('passes an error of its source on at once and drops its state', async () => {
      const boom = new Error('boom')
      for (let pushed = 0; pushed <= events.length; pushed++) {
        const { clock, source, seen, endings } = started(operator)
        for (const event of events.slice(0, pushed)) source.next(event)
        const before = seen.length
        source.error(boom)
        expect(endings).toEqual([boom])
        expect(clock.timers).toBe(0)
        clock.runOut()
        await subject.settle?.()
        expect(seen).toHaveLength(before)
        expect(endings).toEqual([boom])
      }
    })

    it('flushes at completion: nothing is held back, every event is accounted for, no timer is left', async () => {
      for (let pushed = 0; pushed <= events.length; pushed++) {
        const { clock, source, endings, reports } = started(operator)
        for (const event of events.slice(0, pushed)) source.next(event)
        source.complete()
        clock.runOut()
        await subject.settle?.()
        clock.runOut()
        expect(endings).toEqual(['complete'])
        expect(clock.timers).toBe(0)
        const last = reports.at(-1)
        // Only an operator that completes by itself has not taken everything.
        expect(last?.in ?? 0).toBeLessThanOrEqual(pushed)
        expect(last?.buffered ?? 0).toBe(0)
        for (const m of reports) {
          expect(m.out + m.late + m.dropped + m.rejected + m.buffered).toBe(m.in)
          for (const n of [m.in, m.out, m.late, m.dropped, m.rejected, m.buffered])
            expect(n).toBeGreaterThanOrEqual(0)
        }
      }
    })

    it('may be sent events by its own consumer, which are handled as if they had come next', async () => {
      const plain = started(operator)
      for (const event of events) plain.source.next(event)
      plain.source.complete()
      plain.clock.runOut()
      await subject.settle?.()
      plain.clock.runOut()

      const clock = new Clock()
      const source = new Subject<In>()
      const seen: Out[] = []
      const endings: unknown[] = []
      let fed = 0
      const feed = () => {
        const event = events[fed++]
        if (event !== undefined) source.next(event)
      }
      source.pipe(operator(clock)).subscribe({
        next(value) {
          seen.push(value)
          feed()
        },
        error: (error) => endings.push(error),
        complete: () => endings.push('complete'),
      })
      while (fed < events.length) feed()
      source.complete()
      clock.runOut()
      await subject.settle?.()
      clock.runOut()
      expect(endings).toEqual(['complete'])
      expect(seen).toEqual(plain.seen)
    })

    it('keeps two subscriptions apart', async () => {
      const clock = new Clock()
      const source = new Subject<In>()
      const shared: Observable<Out> = source.pipe(operator(clock))
      const first: Out[] = []
      const second: Out[] = []
      const third: Out[] = []
      shared.subscribe((value) => first.push(value))
      shared.subscribe((value) => second.push(value))
      const leaver = shared.subscribe((value) => third.push(value))
      events.slice(0, 4).forEach((event) => {
        source.next(event)
      })
      leaver.unsubscribe()
      events.slice(4).forEach((event) => {
        source.next(event)
      })
      source.complete()
      clock.runOut()
      await subject.settle?.()
      clock.runOut()
      expect(first.length).toBeGreaterThan(0)
      expect(second).toEqual(first)
      expect(third.length).toBeLessThanOrEqual(first.length)
    })

    if (failing !== undefined) {
      const boom = new Error('a callback threw')
      const fail = () => {
        throw boom
      }

      it('errors with what a callback throws', async () => {
        const { clock, source, endings } = started((scheduler) => failing(fail, scheduler))
        for (const event of events) source.next(event)
        source.complete()
        clock.runOut()
        await subject.settle?.()
        expect(endings).toEqual([boom])
        expect(source.observed).toBe(false)
        expect(clock.timers).toBe(0)
      })

      if (subject.unroutable !== true) {
        it('goes on where onError takes what a callback throws, and counts the event as rejected', async () => {
          const routed: unknown[] = []
          const { clock, source, endings, reports } = started((scheduler) =>
            failing(fail, scheduler, (error, event) => routed.push(error, event)),
          )
          for (const event of events.slice(0, 2)) source.next(event)
          source.complete()
          clock.runOut()
          await subject.settle?.()
          clock.runOut()
          expect(routed).toEqual([boom, events[0], boom, events[1]])
          expect(endings).toEqual(['complete'])
          expect(reports.at(-1)).toMatchObject({ in: 2, rejected: 2, buffered: 0 })
        })
      }
    }

    if (bounded !== undefined) {
      it('keeps its memory bounded over a million keys', () => {
        const clock = new Clock()
        const source = new Subject<In>()
        let most = 0
        let reports = 0
        source
          .pipe(
            bounded.operator(clock),
            instrument(
              'bounded',
              (m) => {
                most = Math.max(most, m.keys)
                reports++
              },
              { every: 97, scheduler: clock },
            ),
          )
          .subscribe()
        for (let i = 0; i < 1_000_000; i++) {
          source.next(input(i))
          if (i % 50 === 49) clock.advanceTo(i + 1)
        }
        expect(reports).toBeGreaterThan(1000)
        expect(most).toBeGreaterThan(0)
        expect(most).toBeLessThanOrEqual(bounded.keys)
      }, 60_000)
    }
  })
}

function started<In, Out>(operator: (scheduler: SchedulerLike) => OperatorFunction<In, Out>) {
  const clock = new Clock()
  const source = new Subject<In>()
  const seen: Out[] = []
  const endings: unknown[] = []
  const reports: Measurements[] = []
  const subscription = source
    .pipe(
      operator(clock),
      instrument('conformance', (m) => reports.push(m), { every: 0, scheduler: clock }),
    )
    .subscribe({
      next: (value) => seen.push(value),
      error: (error) => endings.push(error),
      complete: () => endings.push('complete'),
    })
  return { clock, source, seen, endings, reports, subscription }
}

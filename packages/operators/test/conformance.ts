import { type OperatorLawsOptions, operatorLaws, VirtualClock } from '@rxsse/testing/virtual-time'
import { type OperatorFunction, type SchedulerLike, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { instrument, type Measurements } from '../src/flow/instrument.ts'

export interface Conforming<In, Out> extends OperatorLawsOptions<In, Out> {
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
}

/** What every operator upholds, whatever it does. Its own test says what that is. */
export function conformance<In, Out>(name: string, subject: Conforming<In, Out>): void {
  const { operator, input, failing, bounded } = subject
  const events = Array.from({ length: 24 }, (_, i) => input(i))

  describe(`${name} conforms`, () => {
    for (const { title, check } of operatorLaws(subject)) it(title, check)

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
        const clock = new VirtualClock()
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
  const clock = new VirtualClock()
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

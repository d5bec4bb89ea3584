import { type OperatorLawsOptions, operatorLaws, VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { asyncScheduler, type OperatorFunction, type SchedulerLike, Subject, take } from 'rxjs'
import { describe, expect, it, vi } from 'vitest'
import { createStage, type OnError, type Stage, type StageCounts } from '../src/index.ts'

/** The options that a test passes on to its operator. */
export interface RunOptions {
  readonly scheduler: SchedulerLike
  readonly stage?: Stage
}

export interface ConformanceOptions<In, Out> extends Omit<OperatorLawsOptions<In, Out>, 'operator'> {
  readonly operator: (options: RunOptions) => OperatorFunction<In, Out>
  /** The operator with callbacks that call `fail`, and with `onError` if there is one. Missing if it has no callbacks. */
  readonly failing?: (
    fail: () => never,
    options: RunOptions & { readonly onError?: OnError<In> },
  ) => OperatorFunction<In, Out>
  /** Whether an exception of a callback has no `onError`, because it belongs to no single event. */
  readonly unroutable?: boolean
  /** How many events come from other sources than `input`. Default: 0. */
  readonly others?: number
  /** The operator with state for each event's own key. It keeps at most `keys`. One event comes each millisecond. */
  readonly bounded?: {
    readonly keys: number
    readonly operator: (options: RunOptions) => OperatorFunction<In, unknown>
  }
}

/** The tests that every operator must pass, in addition to its own. */
export function conformance<In, Out>(name: string, subject: ConformanceOptions<In, Out>): void {
  const { operator, input, failing, bounded } = subject
  const events = Array.from({ length: 24 }, (_, i) => input(i))

  describe(`${name} conforms`, () => {
    const laws = operatorLaws({ ...subject, operator: (scheduler) => operator({ scheduler }) })
    for (const { title, check } of laws) it(title, check)

    it('flushes at completion: nothing is held back, every event is counted, no timer is left', async () => {
      for (let pushed = 0; pushed <= events.length; pushed++) {
        const { clock, source, endings, stage, reports } = start(operator)
        for (const event of events.slice(0, pushed)) source.next(event)
        source.complete()
        clock.runOut()
        await subject.settle?.()
        clock.runOut()
        expect(endings).toEqual(['complete'])
        expect(clock.timers).toBe(0)
        // An operator that completes by itself does not take every event.
        expect(stage.counts().in).toBeLessThanOrEqual(pushed + (subject.others ?? 0))
        expect(stage.counts().buffered).toBe(0)
        for (const m of reports) {
          expect(m.out + m.late + m.dropped + m.rejected + m.buffered).toBe(m.in)
          for (const n of [m.in, m.out, m.late, m.dropped, m.rejected, m.buffered])
            expect(n).toBeGreaterThanOrEqual(0)
        }
      }
    })

    it('is counted to the end, and leaves no timer, if it is ended while it emits', async () => {
      for (let results = 1; results <= 30; results++) {
        const { clock, source, endings, stage, reports } = start<In, Out>(
          (options) => (input$) => input$.pipe(operator(options), take(results)),
        )
        for (const event of events) {
          source.next(event)
          clock.advanceTo(clock.now() + 1)
          if (endings.length > 0) expect(clock.timers).toBe(0)
        }
        source.complete()
        clock.runOut()
        await subject.settle?.()
        expect(endings).toEqual(['complete'])
        expect(source.observed).toBe(false)
        for (const m of [...reports, stage.counts()]) {
          expect(m.out + m.late + m.dropped + m.rejected + m.buffered).toBe(m.in)
          expect(m.buffered).toBeGreaterThanOrEqual(0)
        }
        expect(stage.counts().buffered).toBe(0)
      }
    })

    it('does the same if the clock of the system is set back or ahead meanwhile', async () => {
      const undisturbed = await runOnSystemClock(operator, events, {})
      expect(undisturbed.at(-1)).toContain('complete')
      const minutes = 60_000
      for (const jumps of [
        { 8: -5 * minutes, 16: 60 * minutes },
        { 8: 60 * minutes, 16: -60 * minutes },
      ]) {
        expect(await runOnSystemClock(operator, events, jumps)).toEqual(undisturbed)
      }
    })

    if (failing !== undefined) {
      const boom = new Error('a callback threw')
      const fail = () => {
        throw boom
      }

      it('errors with what a callback throws', async () => {
        const { clock, source, endings } = start((options) => failing(fail, options))
        for (const event of events) source.next(event)
        source.complete()
        clock.runOut()
        await subject.settle?.()
        expect(endings).toEqual([boom])
        expect(source.observed).toBe(false)
        expect(clock.timers).toBe(0)
      })

      if (subject.unroutable !== true) {
        it('goes on if onError takes what a callback throws, and counts the event as rejected', async () => {
          const routed: unknown[] = []
          const { clock, source, endings, stage } = start((options) =>
            failing(fail, { ...options, onError: (error, event) => routed.push(error, event) }),
          )
          for (const event of events.slice(0, 2)) source.next(event)
          source.complete()
          clock.runOut()
          await subject.settle?.()
          clock.runOut()
          expect(routed).toEqual([boom, events[0], boom, events[1]])
          expect(endings).toEqual(['complete'])
          expect(stage.counts()).toMatchObject({ in: 2, rejected: 2, buffered: 0 })
        })
      }
    }

    if (bounded !== undefined) {
      it('keeps its memory bounded over a million keys', () => {
        const clock = new VirtualClock()
        const source = new Subject<In>()
        const stage = createStage('bounded')
        let most = 0
        source.pipe(bounded.operator({ scheduler: clock, stage })).subscribe()
        for (let i = 0; i < 1_000_000; i++) {
          source.next(input(i))
          if (i % 50 !== 49) continue
          most = Math.max(most, stage.counts().keys)
          clock.advanceTo(i + 1)
        }
        expect(most).toBeGreaterThan(0)
        expect(most).toBeLessThanOrEqual(bounded.keys)
      }, 60_000)
    }
  })
}

function start<In, Out>(operator: (options: RunOptions) => OperatorFunction<In, Out>) {
  const clock = new VirtualClock()
  const source = new Subject<In>()
  const endings: unknown[] = []
  const stage = createStage('conformance')
  const reports: StageCounts[] = []
  stage.changes({ every: 0, scheduler: clock }).subscribe((counts) => reports.push(counts))
  source.pipe(operator({ scheduler: clock, stage })).subscribe({
    error: (error) => endings.push(error),
    complete: () => endings.push('complete'),
  })
  return { clock, source, endings, stage, reports }
}

/** What the operator emits on the clock of the system, and when. `jumps` sets that clock by this much before an event. */
async function runOnSystemClock<In, Out>(
  operator: (options: RunOptions) => OperatorFunction<In, Out>,
  events: readonly In[],
  jumps: Readonly<Record<number, number>>,
): Promise<string[]> {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    now: 1_700_000_000_000,
  })
  try {
    const seen: string[] = []
    const source = new Subject<In>()
    const began = performance.now()
    const record = (what: unknown) => seen.push(`${performance.now() - began} ${fc.stringify(what)}`)
    source.pipe(operator({ scheduler: asyncScheduler })).subscribe({
      next: record,
      error: record,
      complete: () => record('complete'),
    })
    for (const [i, event] of events.entries()) {
      vi.setSystemTime(Date.now() + (jumps[i] ?? 0))
      source.next(event)
      await vi.advanceTimersByTimeAsync(7)
    }
    source.complete()
    await vi.advanceTimersByTimeAsync(1000 * 60_000)
    return seen
  } finally {
    vi.useRealTimers()
  }
}

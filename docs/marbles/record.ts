import { setImmediate } from 'node:timers/promises'
import { createStage } from '@rxsse/operators'
import { Subject, VirtualTimeScheduler } from 'rxjs'
import type { AnyScenario, Marble, Scenario } from './scenario.ts'

export interface Entry {
  /** Seconds. */
  readonly at: number
  readonly marble: Marble
}

export interface Lane {
  readonly name: string
  readonly kind: 'main' | 'side'
  readonly entries: Entry[]
  ending?: Ending
}

export interface Ending {
  readonly at: number
  /** `left`: the subscriber has unsubscribed. */
  readonly kind: 'complete' | 'error' | 'left'
}

export interface Span {
  readonly start: number
  readonly end: number
  /** The time of its last result. */
  firedAt: number
  marble: Marble
}

/** The events of all lanes in a run, with their times. */
export interface Recording {
  readonly call: string
  readonly alt: string
  readonly until: number
  readonly source: Lane
  readonly output: Lane
  readonly sides: readonly Lane[]
  readonly windows: readonly Span[]
  /** The event times of the source in order; empty if they are not drawn. */
  readonly happened: readonly number[]
  /** The progress of event time. */
  readonly watermark: readonly { readonly at: number; readonly mark: number }[]
}

/** A step of virtual time in milliseconds, after which promises settle. */
const STEP = 50

/** Runs the scenario's operator in virtual time and records the events. */
export async function record(scenario: AnyScenario): Promise<Recording> {
  // Safe: `scenario` infers the types from the same source.
  const { source, show, operate, showOut, windowOf, happened, ...rest } = scenario as unknown as Scenario<
    unknown,
    unknown
  >
  const scheduler = new VirtualTimeScheduler()
  const now = () => scheduler.now() / 1000
  const input: Lane = { name: 'source', kind: 'main', entries: [] }
  const output: Lane = { name: 'output', kind: 'main', entries: [] }
  const sides: Lane[] = []
  const windows = new Map<string, Span>()
  const watermark: { at: number; mark: number }[] = []

  const subject = new Subject<unknown>()
  function end(kind: 'complete' | 'error'): void {
    const at = now()
    output.ending = { at, kind }
    input.ending ??= { at, kind: 'left' }
    for (const side of sides) side.ending = { at, kind: 'left' }
  }

  const stage = createStage(rest.call)
  stage.changes({ every: 0, scheduler }).subscribe(({ watermark: mark }) => {
    if (mark !== undefined) watermark.push({ at: now(), mark: mark / 1000 })
  })
  const operated = operate(subject, {
    scheduler,
    stage,
    lane(name, showSide) {
      const side: Lane = { name, kind: 'side', entries: [] }
      sides.push(side)
      return (value) => side.entries.push({ at: now(), marble: showSide(value) })
    },
  })
  operated.subscribe({
    next(value) {
      const marble = showOut(value)
      output.entries.push({ at: now(), marble })
      const window = windowOf?.(value)
      if (window === undefined) return
      const id = `${window.start} ${window.end} ${marble.tone}`
      const span = windows.get(id)
      if (span === undefined)
        windows.set(id, {
          start: window.start / 1000,
          end: window.end / 1000,
          firedAt: now(),
          marble,
        })
      else Object.assign(span, { firedAt: now(), marble })
    },
    error: () => end('error'),
    complete: () => end('complete'),
  })

  for (const [at, value] of source) {
    scheduler.schedule(() => {
      if (!subject.observed) return
      input.entries.push({ at, marble: show(value) })
      subject.next(value)
    }, at * 1000)
  }
  if (rest.completes !== undefined) {
    scheduler.schedule(() => {
      input.ending = { at: now(), kind: 'complete' }
      subject.complete()
    }, rest.completes * 1000)
  }
  for (let until = 0; until <= rest.until * 1000; until += STEP) {
    scheduler.maxFrames = until
    scheduler.flush()
    await setImmediate()
  }

  return {
    call: rest.call,
    alt: rest.alt,
    until: rest.until,
    source: input,
    output,
    sides,
    windows: [...windows.values()].sort((a, b) => a.start - b.start || a.end - b.end),
    happened: happened === undefined ? [] : source.map(([, value]) => happened(value)),
    watermark,
  }
}

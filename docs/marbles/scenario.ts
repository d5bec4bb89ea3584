import type { Stage } from '@rxsse/operators'
import type { Observable, SchedulerLike } from 'rxjs'

/** The tone of a marble, such as for a key, an event type or a level. `0` is plain. */
export type Tone = 0 | 1 | 2 | 3 | 4 | 5

export interface Marble {
  /** Lines of text. Short text is drawn in a circle, no text as a dot. */
  readonly text: string
  readonly tone?: Tone
}

/** The arguments of an operator in a scenario: virtual time, a stage, and lanes for side outputs. */
export interface Setting {
  readonly scheduler: SchedulerLike
  /** The stage of the operator whose counts or watermark are drawn. */
  readonly stage: Stage
  /** Creates a lane for a side output. Lanes are drawn in the order of the calls. */
  lane<T>(name: string, show: (value: T) => Marble): (value: T) => void
}

/** A short run of an operator. All times are seconds of virtual time. */
export interface Scenario<In, Out> {
  /** The call in the diagram, at most two lines. */
  readonly call: string
  /** The alternative text of the diagram. */
  readonly alt: string
  readonly until: number
  /** The events of the source with their times. */
  readonly source: readonly (readonly [at: number, value: In])[]
  /** The time at which the source completes. Default: after the end of the diagram. */
  readonly completes?: number
  readonly show: (value: In) => Marble
  readonly operate: (source: Observable<In>, setting: Setting) => Observable<Out>
  readonly showOut: (value: Out) => Marble
  /** The window of a result. If given, windows are drawn below the source as time spans. */
  readonly windowOf?: (value: Out) => { readonly start: number; readonly end: number }
  /** The event time in seconds. If given, the source is drawn as a chart of arrival time and event time. */
  readonly happened?: (value: In) => number
}

/** A scenario with erased types. */
export type AnyScenario = Scenario<never, never>

/** Infers the types of a scenario from its source, and erases them. */
export function scenario<In, Out>(definition: Scenario<In, Out>): AnyScenario {
  // Safe: only `record` runs it, with values of the same types.
  return definition as unknown as AnyScenario
}

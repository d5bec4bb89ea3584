import type { Stage } from '@rxsse/operators'
import type { Observable, SchedulerLike } from 'rxjs'

/** What a marble is coloured by: a key, an event type, a level. `0` is plain. */
export type Tone = 0 | 1 | 2 | 3 | 4 | 5

export interface Marble {
  /** Lines; a short text is drawn as a circle, none as a dot. */
  readonly text: string
  readonly tone?: Tone
}

/** What an operator is given in a scenario: virtual time, and further lanes for what does not go downstream. */
export interface Setting {
  readonly scheduler: SchedulerLike
  /** For the operator whose watermark is drawn, or whose counts are. */
  readonly stage: Stage
  /** A side output that is drawn as a lane of its own, in the order in which lanes are asked for. */
  lane<T>(name: string, show: (value: T) => Marble): (value: T) => void
}

/** A small run of one operator. All times are seconds of virtual time. */
export interface Scenario<In, Out> {
  /** The call as the picture shows it. Two lines at most. */
  readonly call: string
  /** What the picture shows, in words, for those who do not see it. */
  readonly alt: string
  readonly until: number
  /** What comes, and when. */
  readonly source: readonly (readonly [at: number, value: In])[]
  /** When the source completes. Left out: not within the picture. */
  readonly completes?: number
  readonly show: (value: In) => Marble
  readonly operate: (source: Observable<In>, setting: Setting) => Observable<Out>
  readonly showOut: (value: Out) => Marble
  /** The window of a result. With it the windows are drawn below the source, as spans of time. */
  readonly windowOf?: (value: Out) => { readonly start: number; readonly end: number }
  /** The time of an event, in seconds. With it the source is drawn as a chart: when an event came, and when it happened. */
  readonly happened?: (value: In) => number
}

/** A scenario whose types nobody asks for any more. */
export type AnyScenario = Scenario<never, never>

/** Infers the types of a scenario from its source, and forgets them. */
export function scenario<In, Out>(definition: Scenario<In, Out>): AnyScenario {
  // Only `record` runs it, and hands it back what came out of it.
  return definition as unknown as AnyScenario
}

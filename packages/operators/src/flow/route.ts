import {
  from,
  type Observable,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  Subject,
} from 'rxjs'
import type { SseEvent } from '../event.ts'
import type { OfType } from '../filter/of-type.ts'
import { shapeOf } from '../shape.ts'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import { operate } from '../stage/operate.ts'
import { type OnError, reject } from '../stage/reject.ts'
import { type SideOutput, toSideOutput } from '../stage/side-output.ts'

export interface RouteOptions<T> {
  /** Where events go that have no branch, or whose branch has completed. */
  readonly onDropped?: SideOutput<T>
  /** Takes what `by` throws; the event is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
}

/** Branches by event type, each a pipeline for its own events. */
export type TypeBranches<S extends SseEvent<unknown>> = {
  readonly [E in S['type']]?: (events: Observable<OfType<S, E>>) => ObservableInput<unknown>
}

/** Branches by the names that `by` gives. */
export type NamedBranches<T, N extends string> = {
  readonly [B in N]?: (events: Observable<T>) => ObservableInput<unknown>
}

/** What any of the branches emits. */
export type BranchOutput<B> = {
  [N in keyof B]: NonNullable<B[N]> extends (events: never) => infer O
    ? O extends ObservableInput<unknown>
      ? ObservedValueOf<O>
      : never
    : never
}[keyof B]

/**
 * Sends each event down the branch of its type, or of the name that `by` gives, and merges what the branches make of
 * them. One subscription to the source feeds all branches.
 *
 * ```ts
 * events$.pipe(
 *   route({
 *     quake: (quakes$) => quakes$.pipe(data(), filter((q) => q.magnitude >= 6)),
 *     price: (prices$) => prices$.pipe(data(), lag({ key: (p) => p.symbol }, change)),
 *   }),
 * )
 * ```
 *
 * Emits when a branch emits.
 * Drops events without a branch, to `onDropped`.
 * Completes when the source and every branch have completed. An error in a branch errors the stream.
 * Unsubscribes from the branches and the source at once.
 */
export function route<S extends SseEvent<unknown>, const B extends TypeBranches<S>>(
  branches: B,
  options?: RouteOptions<S>,
): OperatorFunction<S, BranchOutput<B>>
export function route<T, N extends string, const B extends NamedBranches<T, N>>(
  branches: B,
  options: RouteOptions<T> & { readonly by: (event: T) => N | undefined },
): OperatorFunction<T, BranchOutput<B>>
export function route<T>(
  branches: NamedBranches<T, string>,
  options: RouteOptions<T> & { readonly by?: (event: T) => string | undefined } = {},
): OperatorFunction<T, unknown> {
  const { by = typeOf, onError } = options
  const onDropped = toSideOutput('route: onDropped', options.onDropped)
  for (const [name, branch] of Object.entries(branches)) {
    if (typeof branch !== 'function')
      throw new TypeError(`route: branch ${name} must be a function, not ${shapeOf(branch)}`)
  }

  return operate<T, unknown>(({ out, ledger, enter }) => {
    // A Map: an event's type may be any string, 'constructor' as well.
    const inlets = new Map<string | undefined, Subject<T>>()
    let open = 0
    let completing = false

    for (const [name, branch] of Object.entries(branches)) {
      if (branch === undefined || out.closed) continue
      const inlet = new Subject<T>()
      inlets.set(name, inlet)
      open++
      const subscriber = new InnerSubscriber<unknown>(out, {
        next: (value) => enter(() => out.next(value)),
        error: (error) => enter(() => out.error(error)),
        complete: () =>
          enter(() => {
            open--
            if (completing && open === 0) out.complete()
          }),
      })
      from(branch(inlet)).subscribe(subscriber)
    }

    return {
      next(event) {
        let inlet: Subject<T> | undefined
        try {
          inlet = inlets.get(by(event))
        } catch (error) {
          reject(ledger, onError, error, event)
          return
        }
        if (inlet?.observed) {
          ledger.out++
          inlet.next(event)
        } else {
          ledger.dropped++
          onDropped?.(event)
        }
      },
      complete() {
        completing = true
        for (const inlet of inlets.values()) inlet.complete()
        if (open === 0) out.complete()
      },
    }
  })
}

function typeOf(event: unknown): string | undefined {
  return typeof event === 'object' && event !== null && 'type' in event && typeof event.type === 'string'
    ? event.type
    : undefined
}

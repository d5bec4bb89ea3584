import { requireFunction, type SseEvent } from '@rxsse/shared'
import {
  from,
  type Observable,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  Subject,
} from 'rxjs'
import type { OfType } from '../filter/of-type.ts'
import { emitEvent, followEvent, settleEvent } from '../stage/follow.ts'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import { operate, type StageOptions } from '../stage/operate.ts'
import { type OnError, rejectEvent, resolveSideOutput, type SideOutput } from '../stage/side-output.ts'

export interface RouteOptions<T> extends StageOptions {
  /** Takes events that have no branch, or whose branch has completed. */
  readonly onDropped?: SideOutput<T>
  /** Takes what `by` throws, and the event, which is left out. Default: the stream errors. */
  readonly onError?: OnError<T>
}

/** Branches by event type. Each is a pipeline for its own events. */
export type TypeBranches<S extends SseEvent<unknown>> = {
  readonly [E in S['type']]?: (events: Observable<OfType<S, E>>) => ObservableInput<unknown>
}

/** Branches by the names that `by` returns. */
export type NamedBranches<T, N extends string> = {
  readonly [B in N]?: (events: Observable<T>) => ObservableInput<unknown>
}

/** The union of what the branches emit. */
export type BranchOutput<B> = {
  [N in keyof B]: NonNullable<B[N]> extends (events: never) => infer O
    ? O extends ObservableInput<unknown>
      ? ObservedValueOf<O>
      : never
    : never
}[keyof B]

/**
 * Sends each event to the branch of its type, or of the name that `by` returns, and merges the outputs of all branches.
 * The source is subscribed once.
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
  const { by = readType, onError, stage } = options
  const onDropped = resolveSideOutput(options.onDropped, 'route: onDropped')
  requireFunction(by, 'route: by')
  for (const [name, branch] of Object.entries(branches)) {
    requireFunction(branch, `route: branch ${name}`)
  }

  return operate<T, unknown>('route', stage, ({ out, counts, enter }) => {
    counts.tracker?.onStart()
    // A Map, because an event's type may be any string, such as 'constructor'.
    const inputs = new Map<string | undefined, Subject<T>>()
    let open = 0
    let isCompleting = false

    for (const [name, branch] of Object.entries(branches)) {
      if (branch === undefined || out.closed) continue
      const input = new Subject<T>()
      inputs.set(name, input)
      open++
      const subscriber = new InnerSubscriber<unknown>(out, {
        next: (value) => enter(() => out.next(value)),
        error: (error) => enter(() => out.error(error)),
        complete: () =>
          enter(() => {
            open--
            if (isCompleting && open === 0) out.complete()
          }),
      })
      from(branch(input)).subscribe(subscriber)
    }

    return {
      next(event) {
        const part = followEvent(counts, event)
        let input: Subject<T> | undefined
        try {
          input = inputs.get(by(event))
        } catch (error) {
          rejectEvent(counts, onError, error, event)
          settleEvent(counts, part)
          return
        }
        if (input?.observed) emitEvent(counts, input, event, part)
        else {
          counts.dropped++
          onDropped?.(event)
          settleEvent(counts, part)
        }
      },
      complete() {
        isCompleting = true
        for (const input of inputs.values()) input.complete()
        if (open === 0) out.complete()
      },
    }
  })
}

function readType(event: unknown): string | undefined {
  // A plain property access, which V8 makes faster than `Reflect.get`.
  const type =
    typeof event === 'object' && event !== null ? (event as { readonly type?: unknown }).type : undefined
  return typeof type === 'string' ? type : undefined
}

import { requireFunction } from '@rxsse/shared'
import {
  defer,
  finalize,
  from,
  map,
  merge,
  type Observable,
  type ObservableInput,
  type ObservedValueOf,
} from 'rxjs'
import { createProgress, type FeedFragment, type Progress, type ProgressOptions } from './progress.ts'

/** How each feed is made, by its name. */
export type FeedFactories = Readonly<Record<string, (feed: FeedFragment) => ObservableInput<unknown>>>

/** An event with the name of the feed that it came from. */
export type FeedEvent<F extends FeedFactories> = {
  [K in keyof F & string]: { readonly feed: K; readonly value: ObservedValueOf<ReturnType<F[K]>> }
}[keyof F & string]

/** What {@link mergeFeeds} gives. */
export interface MergedFeeds<F extends FeedFactories> {
  readonly events: Observable<FeedEvent<F>>
  /** For the `progress` option, with `feed: (event) => event.feed`. */
  readonly progress: Progress
}

/**
 * Merges feeds, and keeps the progress of each.
 *
 * ```ts
 * const { events, progress } = mergeFeeds({
 *   ams: (feed) => fromEventSource(ams, feed).pipe(decode(Reading), data()),
 *   par: (feed) => fromEventSource(par, feed).pipe(decode(Reading), data()),
 * })
 * events.pipe(windowAggregate(tumbling('1m'), { progress, feed: (e) => e.feed, timestamp: (e) => e.value.time, ... }))
 * ```
 *
 * A factory that does not use its `feed` makes a feed that is open from its subscription to its end.
 *
 * Emits `{ feed, value }` when a feed emits.
 * Drops nothing.
 * Completes when every feed has completed. Errors when one feed errors.
 * Unsubscribes from every feed at once.
 */
export function mergeFeeds<const F extends FeedFactories>(
  feeds: F,
  options: ProgressOptions = {},
): MergedFeeds<F> {
  const entries = Object.entries(feeds)
  for (const [name, factory] of entries) {
    requireFunction(factory, `mergeFeeds: feeds.${name}`)
  }
  const progress = createProgress(options)
  // `progress` shows every feed, also before the first subscription.
  for (const [name] of entries) progress.feed(name)

  const mergeAll = () => {
    // A feed that is subscribed later must hold the watermark before the first event, also of a second subscription.
    const fragments = entries.map(([name]) => progress.feed(name))
    return merge(...entries.map(([name, factory], i) => connect(name, factory, fragments[i] as FeedFragment)))
  }
  return { events: defer(mergeAll) as Observable<FeedEvent<F>>, progress }
}

function connect(
  name: string,
  factory: FeedFactories[string],
  { state, cursor }: FeedFragment,
): Observable<{ readonly feed: string; readonly value: unknown }> {
  let isUsed = false
  const feed: FeedFragment = {
    get state() {
      isUsed = true
      return state
    },
    cursor,
  }
  const source = defer(() => {
    const made = from(factory(feed))
    if (!isUsed) state.next({ status: 'open' })
    return made
  })
  return source.pipe(
    map((value) => ({ feed: name, value })),
    finalize(() => state.next({ status: 'closed' })),
  )
}

import type { Duration } from '@rxsse/shared'
import type { NextObserver } from 'rxjs'
import type { EventSourceOptions } from '../stream/options.ts'
import type { ReconnectOptions } from '../stream/reconnect.ts'
import type { ConnectionState } from '../stream/state.ts'
import type { WarningCode } from '../stream/warnings.ts'

/**
 * How a tab gets its events.
 *
 * | role | meaning |
 * | --- | --- |
 * | `holder` | from the shared connection, which this tab holds |
 * | `follower` | from the tab that holds the connection |
 * | `catching-up` | from a connection of its own, until it has what it missed |
 * | `unshared` | from a connection of its own, because the platform cannot share |
 */
export type TabRole = 'holder' | 'follower' | 'catching-up' | 'unshared'

/** The state of the connection that the tab reads, and how it does. */
export type SharedState = ConnectionState & { readonly role: TabRole }

/**
 * A warning of the connection, or one of these:
 *
 * | code | meaning |
 * | --- | --- |
 * | `hand-over` | events may be lost, because the stream has no IDs |
 * | `foreign-message` | another script of the site posts on the `BroadcastChannel` of these tabs. It is ignored |
 */
export interface SharedWarning {
  readonly code: WarningCode | 'hand-over' | 'foreign-message'
  readonly message: string
}

/**
 * The options of `sharedEventSource`: those of `fromEventSource`, except for a single response.
 *
 * Each tab has its own `lastEventId`, `until`, `signal`, `gate`, `wake` and observers. All others describe the connection, and
 * must be the same in all tabs. Of functions, only the tab that holds the connection calls `url`, `headers`, `body`,
 * `reconnect.decide` and `otherContent`.
 */
export interface SharedEventSourceOptions<E extends string = string>
  extends Omit<EventSourceOptions<E>, 'method' | 'reconnect' | 'state' | 'warnings'> {
  /**
   * Tabs with the same name share a connection. Default: the url. If the url is a function, a name is required. If users can
   * switch their account, make the user a part of it. Tabs stay open over a release, with their options: if a release changes
   * one, change the name too.
   */
  readonly name?: string
  /** How long the tab that holds the connection may hang before another one takes over. Default `'10s'`. */
  readonly handOverAfter?: Duration
  /** As of `fromEventSource`, but no function. It must be idempotent, unless `reconnect.unsafeMethods` is true. Default `'GET'`. */
  readonly method?: string
  /** As of `fromEventSource`, but not false: a single response cannot be handed over. */
  readonly reconnect?: ReconnectOptions
  /** Gets each change of the connection, and of this tab's role. Only `next` is called. */
  readonly state?: NextObserver<SharedState>
  /** Gets what is no error and should not be silent. Only `next` is called. */
  readonly warnings?: NextObserver<SharedWarning>
}

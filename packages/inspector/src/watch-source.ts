import type { NextObserver } from 'rxjs'
import type { SourceSample, SourceStatus, Transition } from './sample.ts'

/** Changes of the status that are kept. */
const MAX_TRANSITIONS = 200

/** What the page shows of a connection's state. The `ConnectionState` of `@rxsse/core` fits. */
export interface WatchableState {
  readonly status: SourceStatus
  readonly url?: string
  readonly reason?: unknown
}

export interface WatchSourceOptions {
  /** An observer of your own that also gets each state. */
  readonly state?: NextObserver<never>
  /** An observer of your own that also gets each last event ID. */
  readonly cursor?: NextObserver<string>
}

/** A fragment of the options of `fromEventSource`, and what the inspector reads. */
export interface WatchedSource {
  readonly state: NextObserver<WatchableState>
  readonly cursor: NextObserver<string>
}

const samplers = new WeakMap<WatchedSource['state'], (name: string) => SourceSample>()

/**
 * Watches a source for the inspector: `fromEventSource(url, { ...trades })`, with `const trades = watchSource()`.
 * It remembers the last 200 changes of the connection's state. One watch is for one stream.
 */
export function watchSource({ state, cursor }: WatchSourceOptions = {}): WatchedSource {
  const timeline: Transition[] = []
  let url: string | undefined
  let lastEventId = ''
  let changes = 0
  let opened = 0
  let failed = 0

  const watched: WatchedSource = {
    state: {
      next(now) {
        const reason = describeReason(now.reason)
        timeline.push({ at: Date.now(), status: now.status, ...(reason !== undefined && { reason }) })
        changes++
        if (timeline.length > MAX_TRANSITIONS) timeline.shift()
        url = now.url ?? url
        if (now.status === 'open') opened++
        if (now.reason instanceof Error) failed++
        state?.next(now as never)
      },
    },
    cursor: {
      next(id) {
        lastEventId = id
        cursor?.next(id)
      },
    },
  }
  samplers.set(watched.state, (name) => ({
    name,
    status: timeline.at(-1)?.status,
    url,
    lastEventId,
    opened,
    failed,
    changes,
    timeline,
  }))
  return watched
}

/** Samples a source that was made by {@link watchSource}. Undefined if it was not. */
export function sampleSource(source: WatchedSource, name: string): SourceSample | undefined {
  return samplers.get(source?.state)?.(name)
}

function describeReason(reason: unknown): string | undefined {
  if (reason === undefined) return undefined
  if (typeof reason === 'string') return reason
  const { code, message } = reason as { readonly code?: unknown; readonly message?: unknown }
  return String(code ?? message ?? 'error')
}

import type { Sink } from '@rxsse/server'
import { interval, type Observable, tap } from 'rxjs'
import type { Messages } from '../messages/messages.ts'
import { type Counts, NO_COUNTS } from '../pipeline/counts.ts'
import { trackUpstream, type Upstream } from '../pipeline/upstream.ts'

type Status = Messages['status']

/** The status that the page and the terminal show. */
export interface StatusReport {
  readonly upstream: Upstream
  add(counts: Partial<Counts>): void
  publish(): void
  /** Publishes the status every second while it is subscribed. */
  readonly ticks: Observable<unknown>
}

/** `readJob` returns undefined if the pipeline is no job, and `'standing-by'` if another process works. */
export function createStatusReport(
  sink: Sink,
  about: Pick<Status, 'source' | 'replay'>,
  readJob: () => Status['job'] | 'standing-by',
): StatusReport {
  let counts = NO_COUNTS
  const publish = (): void => {
    const job = readJob()
    if (job === 'standing-by') return
    // After a restore, the counts are known with the first event.
    if (job?.restored && counts.in === 0) return
    const data: Status = { ...about, connection: upstream.now(), counts, job }
    sink.publish({ type: 'status', data }).catch(() => {}) // The next one follows in a second.
  }
  const upstream = trackUpstream(publish)
  return {
    upstream,
    publish,
    add(changed) {
      counts = { ...counts, ...changed }
    },
    ticks: interval(INTERVAL_MS).pipe(tap(publish)),
  }
}

const INTERVAL_MS = 1_000

import { from, type NextObserver, Observable, type ObservableInput, type Subscriber } from 'rxjs'
import { Queue } from '../engine/queues/queue.ts'
import type { FeedFragment, FeedGate, Progress } from '../progress/progress.ts'
import { InnerSubscriber } from '../stage/inner-subscriber.ts'
import type { FeedCursor } from './feed-cursor.ts'
import { combineGates } from './job-gate.ts'
import type { JobRun, RunFeed } from './job-run.ts'

/** What a source of a job gets: the options of `fromEventSource`, or what to make those of another source from. */
export interface JobFeedFragment extends FeedFragment {
  /** Where the job goes on. Missing if it begins. */
  readonly lastEventId?: string
  /** While it is shut, the job wants no events. */
  readonly gate: FeedGate
}

export interface JobFeedOptions {
  /** A gate of your own that holds the source back too. */
  readonly gate?: FeedGate
  /** An observer of your own that also gets each state of the connection. */
  readonly state?: NextObserver<never>
  /** An observer of your own that also gets each last event ID. */
  readonly cursor?: NextObserver<string>
}

/** How a feed gets into a job. */
export interface FeedHost {
  readonly progress: Progress
  join(): JobRun
  leave(run: JobRun): void
}

/** A source as a feed of a job. Waits until the job is restored. Then each event is delivered between two cuts. */
export function createFeed<E>(
  host: FeedHost,
  name: string,
  connect: (feed: JobFeedFragment) => ObservableInput<E>,
  options: JobFeedOptions,
): Observable<E> {
  return new Observable<E>((out) => {
    const run = host.join()
    // The first teardown runs first.
    const leave = () => host.leave(run)
    const cursor = run.cursors.find(name)
    if (cursor.isSubscribed) {
      out.add(leave)
      throw new Error(`job.feed: the feed "${name}" is subscribed already. Use share(), or another name`)
    }
    cursor.isSubscribed = true
    cursor.isUsed = true
    // Another feed may deliver before this one is open. In a second subscription this one would count as over until then.
    host.progress.feed(name)
    const feed = new FeedReader(host.progress, run, cursor, out, connect, options)
    out.add(() => {
      cursor.isSubscribed = false
      feed.close()
      run.deleteFeed(feed)
      leave()
    })
    run.addFeed(feed)
  })
}

class FeedReader<E> implements RunFeed {
  readonly #progress: Progress
  readonly #run: JobRun
  readonly #cursor: FeedCursor
  readonly #out: Subscriber<E>
  readonly #connect: (feed: JobFeedFragment) => ObservableInput<E>
  readonly #options: JobFeedOptions
  /** What came while the run held its feeds. */
  readonly #held = new Queue<() => void>()
  #state: NextObserver<{ readonly status: 'open' | 'closed' }> | undefined

  constructor(
    progress: Progress,
    run: JobRun,
    cursor: FeedCursor,
    out: Subscriber<E>,
    connect: (feed: JobFeedFragment) => ObservableInput<E>,
    options: JobFeedOptions,
  ) {
    this.#progress = progress
    this.#run = run
    this.#cursor = cursor
    this.#out = out
    this.#connect = connect
    this.#options = options
  }

  open(): void {
    const { state } = this.#options
    const fragment = this.#progress.feed(this.#cursor.feed, {
      gate: combineGates(this.#run.gate, this.#options.gate),
      ...(state !== undefined && { state }),
      cursor: {
        next: (id) => {
          this.#handle(() => {
            if (this.#cursor.onId(id)) this.#run.onProgress()
            this.#tellCursor(id)
          })
        },
      },
    })
    this.#state = fragment.state
    const subscriber = new InnerSubscriber<E>(this.#out, {
      next: (event) => {
        if (this.#mustHold) this.#held.push(() => this.#deliver(event))
        else this.#deliver(event)
      },
      error: (error) => this.#out.error(error),
      complete: () => this.#handle(() => this.#run.onEnd(this.#cursor, () => this.#out.complete())),
    })
    try {
      from(this.#connectWith(fragment)).subscribe(subscriber)
    } catch (error) {
      this.#out.error(error)
    }
  }

  release(): void {
    while (!this.#run.isHolding && this.#held.length > 0) this.#held.shift()?.()
  }

  fail(error: unknown): void {
    this.#out.error(error)
  }

  close(): void {
    this.#held.clear()
    this.#state?.next({ status: 'closed' })
  }

  /** A source that does not tell the states of its connection is open from now on. */
  #connectWith(fragment: FeedFragment): ObservableInput<E> {
    const { lastEventId } = this.#cursor
    let isTold = false
    const { state, cursor, gate } = fragment
    const source = this.#connect({
      get state() {
        isTold = true
        return state
      },
      cursor,
      // There is one, because `open` has given one.
      gate: gate as FeedGate,
      ...(lastEventId !== undefined && { lastEventId }),
    })
    if (!isTold) state.next({ status: 'open' })
    return source
  }

  #tellCursor(id: string): void {
    try {
      this.#options.cursor?.next(id)
    } catch (error) {
      this.#out.error(error)
    }
  }

  get #mustHold(): boolean {
    return this.#run.isHolding || this.#held.length > 0
  }

  #handle(work: () => void): void {
    if (this.#mustHold) this.#held.push(work)
    else work()
  }

  #deliver(event: E): void {
    const { causes } = this.#run
    const before = causes.enter(this.#cursor)
    try {
      this.#cursor.begin(event)
      this.#out.next(event)
      this.#cursor.finish()
    } catch (error) {
      this.#out.error(error)
    } finally {
      causes.leave(before)
    }
    this.#run.onProgress()
  }
}

import { isPromise, type MaybePromise } from '@rxsse/shared'
import type { Connection } from '../connection/connection.ts'
import type { Hub } from '../fan-out/hub.ts'
import { readLastEventId, type SinkRequest } from '../http/request.ts'
import type { SinkResponse } from '../http/response.ts'
import type { Sequencer } from '../replay/sequencer.ts'
import { encodeId } from '../wire/encode.ts'
import { EncodedEvent } from '../wire/frame.ts'

export interface CompletionContext {
  readonly hub: Hub
  readonly sequencer: Sequencer
  /** A client without a last event ID gets something from the log. */
  readonly newcomersReplay: boolean
  /** Never throws. */
  readonly onError: (error: unknown) => void
}

/** Ends a sink for each client after the client's last event: `onComplete: 'close'`. */
export class Completion {
  readonly #context: CompletionContext
  /** Messages that the log has not taken yet. */
  readonly #publishing = new Set<Promise<unknown>>()
  #started = false
  /** The last event has been delivered to all clients that are not behind the log. */
  #reached = false

  constructor(context: CompletionContext) {
    this.#context = context
  }

  /** Returns `published`, and waits for it before the end. */
  track<T>(published: MaybePromise<T>): MaybePromise<T> {
    if (!isPromise(published)) return published
    const settled: Promise<unknown> = published.then(ignore, ignore).then(() => {
      this.#publishing.delete(settled)
    })
    this.#publishing.add(settled)
    return published
  }

  start(): void {
    if (this.#started) return
    this.#started = true
    const { log } = this.#context.sequencer
    if (log === undefined && this.#publishing.size === 0) this.#reach()
    else this.#whenDelivered().then(() => this.#reach(), this.#fail)
  }

  /** A 204 if there is nothing more for this client. */
  answer(request: SinkRequest): MaybePromise<SinkResponse | undefined> {
    if (!this.#reached) return undefined
    const { log } = this.#context.sequencer
    const lastEventId = readLastEventId(request)
    if (log === undefined) return NOTHING_MORE
    if (lastEventId === undefined) return this.#context.newcomersReplay ? undefined : NOTHING_MORE
    const page = log.since(lastEventId, { limit: 1, maxBytes: 1 })
    return isPromise(page) ? page.then(answer) : answer(page)

    function answer({ entries, more, gap }: Awaited<typeof page>): SinkResponse | undefined {
      return entries.length === 0 && !more && gap === undefined ? NOTHING_MORE : undefined
    }
  }

  /** The client has received what it missed. */
  joined(connection: Connection): void {
    if (this.#reached) this.#end(connection)
  }

  async #whenDelivered(): Promise<void> {
    await Promise.all(this.#publishing)
    const { sequencer } = this.#context
    const head = await sequencer.log?.head()
    if (head === undefined || sequencer.hasReached(head.offset)) return
    await new Promise<void>((resolve) => {
      const stop = sequencer.listen(() => {
        if (!sequencer.hasReached(head.offset)) return
        stop()
        resolve()
      })
    })
  }

  #fail = (error: unknown): void => {
    this.#context.onError(error)
    this.#reach()
  }

  #reach(): void {
    this.#reached = true
    const { hub } = this.#context
    hub.flush()
    // Clients that still receive what they missed end when they join.
    for (const connection of hub.connections()) {
      if (connection.group.members.has(connection)) this.#end(connection)
    }
  }

  /** The client comes back with this id, and is answered 204. */
  #end(connection: Connection): void {
    const { cursor } = this.#context.sequencer
    connection.end(cursor === undefined ? undefined : new EncodedEvent(`${encodeId(cursor)}\n`))
  }
}

const NOTHING_MORE: SinkResponse = { status: 204, headers: { 'cache-control': 'no-store' } }

function ignore(): void {}

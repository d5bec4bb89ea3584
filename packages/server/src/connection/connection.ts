import type { Permit } from '../access/limits.ts'
import { GzipMember } from '../compression/gzip-member.ts'
import type { Audience } from '../fan-out/audience.ts'
import type { Counters } from '../sink/stats.ts'
import { type EncodedEvent, EventFrame, type Frame } from '../wire/frame.ts'
import { Backlog } from './backlog.ts'
import type { ResponseWriter, ResponseWriterEvents } from './response-writer.ts'
import type { SlowClientRules } from './slow-client.ts'

/** What connections share: the rules they keep, and whom they tell. */
export interface ConnectionHost {
  readonly slowClient: SlowClientRules
  readonly counters: Counters
  now(): number
  /** The client fell behind; `lags` is true until it has caught up or gone. */
  fellBehind(connection: Connection): void
  closed(connection: Connection): void
}

/** One client: straight through to its writer while it keeps up, by way of a bounded backlog while it does not. */
export class Connection implements ResponseWriterEvents {
  readonly audience: Audience
  readonly permit: Permit
  readonly #host: ConnectionHost
  readonly #writer: ResponseWriter
  readonly #gzip: GzipMember | undefined
  /** The writer, while frames may go to it as they are: the client keeps up, the stream is open and in no coding. */
  #fastPath: ResponseWriter | undefined
  #backlog: Backlog | undefined
  #skipped = 0
  #behindSince = 0
  #wasQuiet = true
  #open = true
  #ending = false
  #onDrained: (() => void) | undefined
  #onClosed: (() => void) | undefined

  constructor(
    audience: Audience,
    permit: Permit,
    host: ConnectionHost,
    connect: (events: ResponseWriterEvents) => ResponseWriter,
  ) {
    this.audience = audience
    this.permit = permit
    this.#host = host
    this.#gzip = audience.deflate === undefined ? undefined : new GzipMember(audience.deflate)
    this.#writer = connect(this)
    this.#straighten()
  }

  /** Whether what is sent may still reach the client. */
  get open(): boolean {
    return this.#open && !this.#ending
  }

  /** Whether the writer has yet to take what it was given, since {@link behindSince}. */
  get lags(): boolean {
    return this.#open && this.#backlog !== undefined
  }

  get behindSince(): number {
    return this.#behindSince
  }

  /**
   * The hot path, which a frame takes to each of a thousand clients: straight to the writer, for the caller to count.
   * False where there is more to do, by {@link send}.
   */
  pass(frame: EventFrame): boolean {
    const writer = this.#fastPath
    if (writer === undefined) return false
    if (!writer.write(frame)) this.#fallBehind()
    return true
  }

  send(frame: EventFrame): void {
    if (this.#backlog === undefined) this.#write(frame)
    else this.#keep(frame.events, this.#backlog)
  }

  /** As {@link send}, by way of the compressed stream where this client is in step with it; `syncPoint` lets it in. */
  sendShared(coded: Frame, plain: EventFrame, syncPoint: boolean): void {
    if (this.#gzip?.inStep && this.open) {
      if (!this.#put(coded) && this.#open) {
        this.#gzip.detach()
        this.#fallBehind()
      }
    } else this.send(plain)
    if (syncPoint) this.#gzip?.reachedSyncPoint(this.#backlog === undefined)
  }

  /** A heartbeat is of no use to a client that has events to read. */
  beat(frame: EventFrame, onlyWhenQuiet: boolean): void {
    const quiet = this.#wasQuiet && this.audience.quiet
    this.#wasQuiet = true
    if (this.#backlog !== undefined || (onlyWhenQuiet && !quiet)) return
    this.#write(frame)
    this.#wasQuiet = true
  }

  /** Calls `then` as soon as the writer keeps up, which may be at once. */
  whenDrained(then: () => void): void {
    if (this.#backlog === undefined) then()
    else this.#onDrained = then
  }

  /** Calls `then` when the client has gone, or its stream has ended. */
  onClosed(then: () => void): void {
    this.#onClosed = then
  }

  /** Writes what waits and `last`, and ends the body. */
  end(last?: EncodedEvent): void {
    if (!this.open) return
    if (last !== undefined) this.send(new EventFrame([last]))
    this.#ending = true
    this.#fastPath = undefined
    if (this.#backlog === undefined) this.#finish()
  }

  /** Drops the client at once, with what it has not taken. */
  destroy(): void {
    this.#writer.destroy()
  }

  /** Drops a client that lags; counted once, however long its transport takes to say that it is gone. */
  cutOff(): void {
    this.#ending = true
    this.#fastPath = undefined
    this.#backlog = undefined
    this.#host.counters.disconnected++
    this.#writer.destroy()
  }

  drained(): void {
    const backlog = this.#backlog
    if (backlog === undefined || !this.#open) return
    this.#behindSince = this.#host.now()
    if (this.#skipped > 0) {
      const notice = this.#host.slowClient.notice(this.#skipped)
      this.#skipped = 0
      if (!this.#hand(new EventFrame([notice]))) return
    }
    for (let frame = backlog.take(CATCH_UP); frame !== undefined; frame = backlog.take(CATCH_UP)) {
      if (!this.#hand(frame)) return
    }
    this.#backlog = undefined
    if (this.#ending) {
      this.#finish()
      return
    }
    this.#straighten()
    const then = this.#onDrained
    this.#onDrained = undefined
    then?.()
  }

  closed(): void {
    if (!this.#open) return
    this.#open = false
    this.#fastPath = undefined
    this.#backlog = undefined
    this.#onDrained = undefined
    this.#host.closed(this)
    this.#onClosed?.()
  }

  #finish(): void {
    if (this.#gzip !== undefined) this.#put(this.#gzip.trailer())
    this.#writer.end()
  }

  #write(frame: EventFrame): void {
    if (!this.open) return
    if (this.#hand(frame) || !this.#open) return
    this.#fallBehind()
  }

  #straighten(): void {
    if (this.#gzip === undefined) this.#fastPath = this.#writer
  }

  #fallBehind(): void {
    const { bounds, policy } = this.#host.slowClient
    this.#fastPath = undefined
    this.#backlog = new Backlog(bounds, policy === 'coalesce')
    this.#behindSince = this.#host.now()
    this.#host.fellBehind(this)
  }

  #hand(frame: EventFrame): boolean {
    return this.#put(this.#gzip === undefined ? frame : this.#gzip.own(frame))
  }

  #put(frame: Frame): boolean {
    this.#host.counters.delivered += frame.messages
    this.#host.counters.bytes += frame.bytes.length
    this.#wasQuiet = false
    return this.#writer.write(frame)
  }

  #keep(events: readonly EncodedEvent[], backlog: Backlog): void {
    if (!this.open) return
    const { counters, slowClient } = this.#host
    for (const event of events) if (backlog.push(event)) counters.coalesced++
    if (!backlog.overflows) return
    if (slowClient.policy === 'disconnect') {
      this.cutOff()
      return
    }
    const skipped = backlog.trim()
    this.#skipped += skipped
    counters.skipped += skipped
  }
}

/** How much of a backlog is written at a time: what a stalled client may hold beyond it. */
const CATCH_UP = 16_384

import type { Permit } from '../access/limits.ts'
import { GzipMember } from '../compression/gzip-member.ts'
import type { SubscriberGroup } from '../fan-out/subscriber-group.ts'
import type { Counters } from '../sink/stats.ts'
import { type EncodedEvent, EventFrame, type Frame, sliceFrame } from '../wire/frame.ts'
import type { ResponseWriter, ResponseWriterEvents } from './response-writer.ts'
import { SendQueue } from './send-queue.ts'
import type { SlowClientRules } from './slow-client.ts'

/** What the connections of a hub share. */
export interface ConnectionHost {
  readonly slowClient: SlowClientRules
  readonly counters: Counters
  now(): number
  /** The client has bytes to take, because it fell behind or its body has ended. `keepsUp` is false until it has. */
  awaitProgress(connection: Connection): void
  closed(connection: Connection): void
}

/** One client. Frames go straight to its writer, or to a bounded queue if the client is behind. */
export class Connection implements ResponseWriterEvents {
  readonly group: SubscriberGroup<Connection>
  readonly permit: Permit
  readonly #host: ConnectionHost
  readonly #writer: ResponseWriter
  readonly #gzip: GzipMember | undefined
  #state: State = KEEPS_UP
  /** The writer, if the client keeps up and its stream has no content coding. */
  #fastPath: ResponseWriter | undefined
  #wasQuiet = true
  /** The part of a large frame that the writer has not been given yet. */
  #rest: FrameRest | undefined
  #onClosed: (() => void) | undefined

  constructor(
    group: SubscriberGroup<Connection>,
    permit: Permit,
    host: ConnectionHost,
    connect: (events: ResponseWriterEvents) => ResponseWriter,
  ) {
    this.group = group
    this.permit = permit
    this.#host = host
    this.#gzip = group.deflate === undefined ? undefined : new GzipMember(group.deflate)
    this.#writer = connect(this)
    this.#enter(KEEPS_UP)
  }

  /** Whether events can still be sent. */
  get isOpen(): boolean {
    return this.#state === KEEPS_UP || (this.#state.name === 'behind' && this.#state.endsAfter === undefined)
  }

  /** Whether the client has taken everything so far, and the body goes on. */
  get keepsUp(): boolean {
    return this.#state === KEEPS_UP
  }

  /** Whether the writer still holds bytes that the client has not taken. */
  get isBehind(): boolean {
    return this.#state.name === 'behind'
  }

  /**
   * Whether the client has had something to take since that time, and has taken nothing. The operating
   * system reports progress in steps of its send buffer, which may be a few megabytes.
   */
  isStalledSince(time: number): boolean {
    return 'since' in this.#state && this.#state.since <= time
  }

  /**
   * Hot path: writes a frame of at most {@link PIECE_BYTES} if the client keeps up; the caller
   * counts it. Returns false if the frame needs {@link send}.
   */
  trySend(frame: EventFrame): boolean {
    const writer = this.#fastPath
    if (writer === undefined) return false
    if (!writer.write(frame)) this.#fallBehind()
    return true
  }

  send(frame: EventFrame): void {
    const state = this.#state
    if (state === KEEPS_UP) {
      if (!this.#encodeAndWrite(frame)) this.#fallBehind()
    } else if (state.name === 'behind' && state.endsAfter === undefined) this.#enqueue(frame.events, state)
  }

  /**
   * Writes a part of a replay, and never queues it. Returns whether the client keeps up, so that
   * the next part may follow. Call this only if it does.
   */
  replay(frame: Frame): boolean {
    if (!this.#encodeAndWrite(frame)) this.#fallBehind()
    return this.#state === KEEPS_UP
  }

  /** Sends the group's compressed frame if the client is in step with it, the plain one if not. */
  sendCompressed(compressed: Frame, plain: EventFrame, syncPoint: boolean): void {
    const gzip = this.#gzip
    if (gzip?.inStep && this.isOpen) {
      if (!this.#write(compressed) && this.#state === KEEPS_UP) {
        gzip.detach()
        this.#fallBehind()
      }
    } else this.send(plain)
    if (syncPoint) gzip?.reachedSyncPoint(!this.isBehind)
  }

  /** Sends a heartbeat, unless events wait for the client. */
  beat(frame: EventFrame, onlyWhenQuiet: boolean): void {
    const quiet = this.#wasQuiet && this.group.quiet
    if (!this.isBehind && (quiet || !onlyWhenQuiet)) this.send(frame)
    this.#wasQuiet = true
  }

  /** Calls `then` when the client keeps up: at once, or after it has caught up. */
  whenDrained(then: () => void): void {
    if (this.#state.name === 'behind') this.#state.onDrained = then
    else then()
  }

  /** Calls `then` when the connection has closed. */
  onClosed(then: (() => void) | undefined): void {
    this.#onClosed = then
  }

  /**
   * Ends the body after `last` and everything that waits. With `'cut'`, the client sees that the
   * body is not complete.
   */
  end(last?: EncodedEvent, how: 'end' | 'cut' = 'end'): void {
    if (!this.isOpen) return
    if (last !== undefined) this.send(new EventFrame([last]))
    if (this.#state.name === 'behind') this.#state.endsAfter = how
    else if (this.#state === KEEPS_UP) this.#finish(how)
  }

  /** Drops the connection at once, and what the client has not taken. */
  destroy(): void {
    this.#writer.destroy()
  }

  /** Drops a client that is too slow. It counts once, however late its transport closes. */
  disconnectSlowClient(): void {
    this.#enter(DROPPED)
    this.#host.counters.disconnected++
    this.#writer.destroy()
  }

  drained(): void {
    const state = this.#state
    if ('since' in state) state.since = this.#host.now()
    if (state.name !== 'behind') return
    const rest = this.#rest
    this.#rest = undefined
    if (rest !== undefined && !this.#writePieces(rest)) return
    if (state.skipped > 0) {
      const notice = this.#host.slowClient.notice(state.skipped)
      state.skipped = 0
      if (!this.#encodeAndWrite(new EventFrame([notice]))) return
    }
    const { queue } = state
    for (let frame = queue.take(CATCH_UP_BYTES); frame !== undefined; frame = queue.take(CATCH_UP_BYTES)) {
      if (!this.#encodeAndWrite(frame)) return
    }
    // A write may have closed the connection.
    if (this.#state !== state) return
    if (state.endsAfter !== undefined) {
      this.#finish(state.endsAfter)
      return
    }
    this.#enter(KEEPS_UP)
    state.onDrained?.()
  }

  closed(): void {
    if (this.#state === CLOSED) return
    this.#enter(CLOSED)
    this.#rest = undefined
    this.#host.closed(this)
    this.#onClosed?.()
  }

  #enter(state: State): void {
    this.#state = state
    this.#fastPath = state === KEEPS_UP && this.#gzip === undefined ? this.#writer : undefined
  }

  #finish(how: 'end' | 'cut'): void {
    // A client that never takes the last bytes would keep its place for ever.
    this.#enter({ name: 'ended', since: this.#host.now() })
    this.#host.awaitProgress(this)
    if (how === 'cut') {
      this.#writer.cut()
      return
    }
    if (this.#gzip !== undefined) this.#write(this.#gzip.trailer())
    this.#writer.end()
  }

  #fallBehind(): void {
    // The write that failed may have closed the connection.
    if (this.#state !== KEEPS_UP) return
    const { bounds, policy } = this.#host.slowClient
    const queue = new SendQueue(bounds, policy === 'coalesce')
    this.#enter({
      name: 'behind',
      queue,
      since: this.#host.now(),
      skipped: 0,
      endsAfter: undefined,
      onDrained: undefined,
    })
    this.#host.awaitProgress(this)
  }

  #encodeAndWrite(frame: Frame): boolean {
    return this.#write(this.#gzip === undefined ? frame : this.#gzip.encode(frame))
  }

  #write(frame: Frame): boolean {
    this.#host.counters.delivered += frame.messages
    this.#host.counters.bytes += frame.bytes.length
    this.#wasQuiet = false
    return frame.bytes.length <= PIECE_BYTES
      ? this.#writer.write(frame)
      : this.#writePieces({ frame, from: 0 })
  }

  /** Writes a large frame piece by piece, so that each piece that the client takes is progress. */
  #writePieces({ frame, from }: FrameRest): boolean {
    const { length } = frame.bytes
    for (let at = from; at < length && this.#state !== CLOSED; ) {
      const end = Math.min(at + PIECE_BYTES, length)
      const keepsUp = this.#writer.write(sliceFrame(frame, at, end))
      at = end
      if (keepsUp) continue
      if (at < length) this.#rest = { frame, from: at }
      return false
    }
    return true
  }

  #enqueue(events: readonly EncodedEvent[], state: Behind): void {
    const { queue } = state
    const { counters, slowClient } = this.#host
    for (const event of events) if (queue.push(event)) counters.coalesced++
    if (!queue.overflows) return
    if (slowClient.policy === 'disconnect') {
      this.disconnectSlowClient()
      return
    }
    const skipped = queue.trim()
    state.skipped += skipped
    counters.skipped += skipped
  }
}

type State = typeof KEEPS_UP | Behind | Ended | typeof DROPPED | typeof CLOSED

interface Behind {
  readonly name: 'behind'
  readonly queue: SendQueue
  /** When the writer last took something. */
  since: number
  /** Messages dropped from the queue and not reported yet. */
  skipped: number
  /** How the body ends when the queue is empty. If set, nothing more is added to the queue. */
  endsAfter: 'end' | 'cut' | undefined
  onDrained: (() => void) | undefined
}

/** The writer has got the end of the body. `closed` follows when the client has taken it. */
interface Ended {
  readonly name: 'ended'
  /** When the body ended, or when the writer last took something. */
  since: number
}

const KEEPS_UP = { name: 'keeps up' } as const
/** `closed` follows. */
const DROPPED = { name: 'dropped' } as const
const CLOSED = { name: 'closed' } as const

interface FrameRest {
  readonly frame: Frame
  readonly from: number
}

/** A larger frame is written in pieces of this size, so that a stalled writer holds few of them. */
export const PIECE_BYTES = 65_536

/** The queue is written in pieces of this size, so that a stalled writer holds at most one. */
export const CATCH_UP_BYTES = 16_384

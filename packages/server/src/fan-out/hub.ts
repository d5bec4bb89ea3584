import type { Permit } from '../access/limits.ts'
import type { Cancel, Clock } from '../connection/clock.ts'
import { Connection, type ConnectionHost, PIECE_BYTES } from '../connection/connection.ts'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import { ExpiryTimer } from '../connection/expiry-timer.ts'
import type { Heartbeat, HeartbeatTarget } from '../connection/heartbeat.ts'
import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { SlowClientRules } from '../connection/slow-client.ts'
import type { Target } from '../sink/message.ts'
import type { Counters } from '../sink/stats.ts'
import type { TracedMessage } from '../sink/tracing.ts'
import { type EncodedEvent, EventFrame } from '../wire/frame.ts'
import { EventSequence } from './event-sequence.ts'
import { type SubscriberFilter, type SubscriberGroup, SubscriberGroups } from './subscriber-group.ts'

export interface HubListener {
  /** The connection is counted, and receives what is published from now on. */
  opened(connection: Connection): void
  /** The connection has received what it missed, and is a member of its group. */
  joined?(connection: Connection): void
  /** The connection's permission has expired. It must end. */
  expired?(connection: Connection): void
  /** The connection is no longer counted. */
  closed(connection: Connection): void
  /** Undefined if nobody listens. Then the clock is not read. */
  readonly delivered?: ((delivery: Delivery, traced: readonly TracedMessage[]) => void) | undefined
}

/** The delivery of one tick's messages. */
export interface Delivery {
  /** Milliseconds from the first message of the tick to the last write. */
  readonly delay: number
  /** Connections that were written to, or queued for. */
  readonly connections: number
}

/**
 * The connections of a sink. A published event goes to the groups that see it. At the end of the
 * tick, each group's events are sent to all its members as one shared frame.
 */
export class Hub implements ConnectionHost, HeartbeatTarget {
  readonly slowClient: SlowClientRules
  readonly counters: Counters
  readonly #clock: Clock
  readonly #listener: HubListener
  readonly #expiries: ExpiryTimer<Connection>
  readonly #groups = new SubscriberGroups<Connection>()
  readonly #connections = new Set<Connection>()
  readonly #joining = new Set<Connection>()
  /** Connections that have bytes to take. Some may have caught up since. */
  readonly #awaited = new Set<Connection>()
  /** Open connections that the listener has not heard of yet. */
  readonly #opening = new Set<Connection>()
  #pendingGroups: SubscriberGroup<Connection>[] = []
  #emptySequence = new EventSequence()
  #tickStart = 0
  #traced: TracedMessage[] = []
  #cancelStallCheck: Cancel | undefined
  #onEmpty: (() => void) | undefined

  constructor(slowClient: SlowClientRules, counters: Counters, clock: Clock, listener: HubListener) {
    this.slowClient = slowClient
    this.counters = counters
    this.#clock = clock
    this.#listener = listener
    this.#expiries = new ExpiryTimer(clock, (connection) => {
      // What was published to it before comes first.
      this.flush()
      listener.expired?.(connection)
    })
  }

  get size(): number {
    return this.#connections.size
  }

  get behind(): number {
    let behind = 0
    for (const connection of this.#awaited) if (connection.isBehind) behind++
    return behind
  }

  connections(): Iterable<Connection> {
    return this.#connections
  }

  /**
   * Opens a connection. It counts at once, but receives published events only after {@link join}.
   * The listener's `opened` comes after `begin`, so the connection also receives what the listener
   * publishes.
   */
  open(
    subscriberFilter: SubscriberFilter,
    permit: Permit,
    connect: (events: ResponseWriterEvents) => ResponseWriter,
    begin: (connection: Connection) => void,
    expires?: number | undefined,
  ): void {
    const group = this.#groups.getOrCreate(subscriberFilter)
    group.joining++
    const connection = new Connection(group, permit, this, connect)
    this.#connections.add(connection)
    this.#joining.add(connection)
    this.counters.opened++
    this.#opening.add(connection)
    if (expires !== undefined) this.#expiries.add(connection, expires)
    begin(connection)
    this.#listener.opened(connection)
    this.#opening.delete(connection)
    if (!this.#connections.has(connection)) this.#listener.closed(connection)
  }

  /** Whether connections with this filter may share a compressed stream. */
  mayCompress(subscriberFilter: SubscriberFilter): boolean {
    return this.#groups.mayCompress(subscriberFilter)
  }

  /** From now on, the connection receives what its group receives. */
  join(connection: Connection): void {
    if (!connection.isOpen) return
    // The events of this tick so far are not for the new member.
    this.flush()
    this.#joining.delete(connection)
    connection.group.joining--
    connection.group.members.add(connection)
    this.#listener.joined?.(connection)
  }

  publish(event: EncodedEvent, topic: string, target: Target): void {
    let seen = false
    for (const group of this.#groups.selectByTarget(target)) {
      if (group.members.size === 0 || !group.filter.accepts(topic)) continue
      this.#addToTick(event, group)
      seen = true
    }
    if (seen && event.trace !== undefined) this.#traced.push({ topic, fields: event.trace })
  }

  /** Sends an event to all groups, whatever their filter. Returns the number of members. */
  broadcast(event: EncodedEvent): number {
    let members = 0
    for (const group of this.#groups.values()) {
      if (group.members.size > 0) this.#addToTick(event, group)
      members += group.members.size
    }
    return members
  }

  /** Sends the events of this tick. */
  flush(): void {
    if (this.#pendingGroups.length === 0) return
    const groups = this.#pendingGroups
    const traced = this.#traced
    this.#pendingGroups = []
    this.#traced = []
    this.#emptySequence = new EventSequence()
    let connections = 0
    for (const group of groups) {
      const frame = group.pending?.frame
      group.pending = undefined
      connections += group.members.size
      if (frame !== undefined) this.#send(group, frame)
    }
    this.#listener.delivered?.({ delay: performance.now() - this.#tickStart, connections }, traced)
  }

  /** Sends a heartbeat. Connections that have not joined have a cursor of their own; theirs stays. */
  beat(heartbeat: Heartbeat, cursor: string | undefined): void {
    this.flush()
    const { onlyWhenQuiet } = heartbeat
    if (this.#joining.size > 0) {
      const plain = new EventFrame([heartbeat.encode(undefined)])
      for (const connection of this.#joining) connection.beat(plain, onlyWhenQuiet)
    }
    const frame = new EventFrame([heartbeat.encode(cursor)])
    for (const group of this.#groups.values()) {
      // Members of a compressed stream all receive the same, so they are quiet together.
      if (group.deflate !== undefined) {
        if (group.quiet || !onlyWhenQuiet) this.#send(group, frame)
      } else for (const member of group.members) member.beat(frame, onlyWhenQuiet)
      group.quiet = true
    }
  }

  /** Ends the connections that a target means, after what was published to them and `last`. */
  disconnect(target: Target, createLast: () => EncodedEvent): void {
    const groups = new Set(this.#groups.selectByTarget(target))
    if (groups.size === 0) return
    this.flush()
    for (const connection of this.#connections) {
      if (groups.has(connection.group)) connection.end(createLast())
    }
  }

  countRooms(): Map<string, number> {
    return this.#groups.countRooms()
  }

  /** Calls `then` when the last connection has closed. */
  whenEmpty(then: () => void): void {
    this.#onEmpty = then
  }

  now(): number {
    return this.#clock.now()
  }

  awaitProgress(connection: Connection): void {
    this.#awaited.add(connection)
    const period = Math.max(1, this.slowClient.stalledFor / 4)
    this.#cancelStallCheck ??= this.#clock.every(period, () => this.#disconnectStalled())
  }

  closed(connection: Connection): void {
    const { group, permit } = connection
    permit.release()
    this.#expiries.delete(connection)
    if (!group.members.delete(connection)) group.joining--
    this.#groups.release(group)
    this.#connections.delete(connection)
    this.#joining.delete(connection)
    this.#awaited.delete(connection)
    this.#stopStallCheckIfIdle()
    if (!this.#opening.has(connection)) this.#listener.closed(connection)
    if (this.#connections.size > 0) return
    this.#onEmpty?.()
    this.#onEmpty = undefined
  }

  #addToTick(event: EncodedEvent, group: SubscriberGroup<Connection>): void {
    if (group.pending === undefined) {
      if (this.#pendingGroups.length === 0) this.#startTick()
      this.#pendingGroups.push(group)
    }
    group.pending = (group.pending ?? this.#emptySequence).append(event)
  }

  #startTick(): void {
    if (this.#listener.delivered !== undefined) this.#tickStart = performance.now()
    runAtEndOfTick(() => this.flush())
  }

  #send(group: SubscriberGroup<Connection>, frame: EventFrame): void {
    const { deflate, members } = group
    group.quiet = false
    if (deflate === undefined) {
      // Counted once for all members, because this loop is the hot path.
      let sent = 0
      const fits = frame.bytes.length <= PIECE_BYTES
      for (const member of members) {
        if (fits && member.trySend(frame)) sent++
        else member.send(frame)
      }
      this.counters.delivered += sent * frame.messages
      this.counters.bytes += sent * frame.bytes.length
      return
    }
    if (members.size === 0) return
    const { compressed, syncPoint } = deflate.compress(frame, this.#clock.now())
    for (const member of members) member.sendCompressed(compressed, frame, syncPoint)
  }

  #disconnectStalled(): void {
    const stalledSince = this.#clock.now() - this.slowClient.stalledFor
    for (const connection of this.#awaited) {
      if (connection.keepsUp) this.#awaited.delete(connection)
      else if (connection.isStalledSince(stalledSince)) connection.disconnectSlowClient()
    }
    this.#stopStallCheckIfIdle()
  }

  #stopStallCheckIfIdle(): void {
    if (this.#awaited.size > 0) return
    this.#cancelStallCheck?.()
    this.#cancelStallCheck = undefined
  }
}

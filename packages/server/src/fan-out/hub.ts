import type { Permit } from '../access/limits.ts'
import { type Cancel, type Clock, endOfTick } from '../connection/clock.ts'
import { Connection, type ConnectionHost } from '../connection/connection.ts'
import type { Heartbeat } from '../connection/heartbeat.ts'
import type { ResponseWriter, ResponseWriterEvents } from '../connection/response-writer.ts'
import type { SlowClientRules } from '../connection/slow-client.ts'
import type { Target } from '../sink/message.ts'
import type { Counters } from '../sink/stats.ts'
import type { TracedMessage } from '../sink/tracing.ts'
import { type EncodedEvent, EventFrame } from '../wire/frame.ts'
import { type Audience, Audiences, type SubscriberFilter } from './audience.ts'
import { Batch } from './batch.ts'

/** Whom the hub tells of its connections, when they are counted already. */
export interface HubListener {
  opened(connection: Connection): void
  closed(connection: Connection): void
  /** Asked for where somebody wants to know how long delivery takes: clocks are not read for nobody. */
  readonly delivered?: ((delivery: Delivery, traced: readonly TracedMessage[]) => void) | undefined
}

/** What one tick brought to how many connections, and how long it took. */
export interface Delivery {
  /** Milliseconds from the first message of the tick to the last write. */
  readonly delay: number
  /** Connections that were written to, or queued for. */
  readonly connections: number
}

/**
 * Every connection of a sink, and the way an event takes to them: to the audiences it is for, gathered there
 * until the end of the tick, then one shared frame to each member.
 */
export class Hub implements ConnectionHost {
  readonly slowClient: SlowClientRules
  readonly counters: Counters
  readonly #clock: Clock
  readonly #listener: HubListener
  readonly #audiences = new Audiences()
  readonly #connections = new Set<Connection>()
  readonly #waiting = new Set<Connection>()
  readonly #behind = new Set<Connection>()
  /** Not told of yet. */
  readonly #beginning = new Set<Connection>()
  #dirty: Audience[] = []
  #root = new Batch()
  #tickBegan = 0
  #traced: TracedMessage[] = []
  #cancelSweep: Cancel | undefined
  #onEmpty: (() => void) | undefined

  constructor(slowClient: SlowClientRules, counters: Counters, clock: Clock, listener: HubListener) {
    this.slowClient = slowClient
    this.counters = counters
    this.#clock = clock
    this.#listener = listener
  }

  get size(): number {
    return this.#connections.size
  }

  get behind(): number {
    let behind = 0
    for (const connection of this.#behind) if (connection.lags) behind++
    return behind
  }

  connections(): Iterable<Connection> {
    return this.#connections
  }

  /**
   * A new connection: counted and closable, and in its audience only when it has {@link join}ed. It is told of when it
   * has begun, so that what is published on hearing of it is for it too.
   */
  open(
    subscriberFilter: SubscriberFilter,
    permit: Permit,
    connect: (events: ResponseWriterEvents) => ResponseWriter,
    begin: (connection: Connection) => void,
  ): void {
    const audience = this.#audiences.of(subscriberFilter)
    audience.awaited++
    const connection = new Connection(audience, permit, this, connect)
    this.#connections.add(connection)
    this.#waiting.add(connection)
    this.counters.opened++
    this.#beginning.add(connection)
    begin(connection)
    this.#listener.opened(connection)
    this.#beginning.delete(connection)
    if (!this.#connections.has(connection)) this.#listener.closed(connection)
  }

  /** Whether there may be one compressed stream for all who have this subscriberFilter. */
  mayShare(subscriberFilter: SubscriberFilter): boolean {
    return this.#audiences.mayShare(subscriberFilter)
  }

  /** From here on the connection gets what its audience gets. */
  join(connection: Connection): void {
    if (!connection.open) return
    // What this tick has gathered so far is not for the newcomer.
    this.flush()
    this.#waiting.delete(connection)
    connection.audience.awaited--
    connection.audience.members.add(connection)
  }

  publish(event: EncodedEvent, topic: string, target: Target): void {
    let gathered = false
    for (const audience of this.#audiences.meant(target)) {
      if (audience.members.size === 0 || !audience.filter.accepts(topic)) continue
      this.#gather(event, audience)
      gathered = true
    }
    if (gathered && event.trace !== undefined) this.#traced.push({ topic, fields: event.trace })
  }

  /** To everybody, whatever they ask for; gives how many they are. */
  announce(event: EncodedEvent): number {
    let members = 0
    for (const audience of this.#audiences.values()) {
      if (audience.members.size > 0) this.#gather(event, audience)
      members += audience.members.size
    }
    return members
  }

  /** Sends what the tick has gathered. */
  flush(): void {
    if (this.#dirty.length === 0) return
    const dirty = this.#dirty
    const traced = this.#traced
    this.#dirty = []
    this.#traced = []
    this.#root = new Batch()
    let connections = 0
    for (const audience of dirty) {
      const frame = audience.batch?.frame
      audience.batch = undefined
      connections += audience.members.size
      if (frame !== undefined) this.#send(audience, frame)
    }
    this.#listener.delivered?.({ delay: performance.now() - this.#tickBegan, connections }, traced)
  }

  /** A heartbeat for everybody; those who have yet to join have a cursor of their own, which it must not move. */
  beat(heartbeat: Heartbeat, cursor: string | undefined): void {
    this.flush()
    const { onlyWhenQuiet } = heartbeat
    if (this.#waiting.size > 0) {
      const plain = new EventFrame([heartbeat.event(undefined)])
      for (const connection of this.#waiting) connection.beat(plain, onlyWhenQuiet)
    }
    const frame = new EventFrame([heartbeat.event(cursor)])
    for (const audience of this.#audiences.values()) {
      // Whoever shares a stream gets all of it: they are quiet together.
      if (audience.deflate !== undefined) {
        if (audience.quiet || !onlyWhenQuiet) this.#send(audience, frame)
      } else for (const member of audience.members) member.beat(frame, onlyWhenQuiet)
      audience.quiet = true
    }
  }

  /** Calls `then` when the last of the present connections has gone. */
  whenEmpty(then: () => void): void {
    this.#onEmpty = then
  }

  now(): number {
    return this.#clock.now()
  }

  fellBehind(connection: Connection): void {
    this.#behind.add(connection)
    const period = Math.max(1, this.slowClient.stalledFor / 4)
    this.#cancelSweep ??= this.#clock.every(period, () => this.#sweep())
  }

  closed(connection: Connection): void {
    const { audience, permit } = connection
    permit.release()
    if (!audience.members.delete(connection)) audience.awaited--
    this.#audiences.release(audience)
    this.#connections.delete(connection)
    this.#waiting.delete(connection)
    this.#behind.delete(connection)
    this.#restSweep()
    if (!this.#beginning.has(connection)) this.#listener.closed(connection)
    if (this.#connections.size > 0) return
    this.#onEmpty?.()
    this.#onEmpty = undefined
  }

  #gather(event: EncodedEvent, audience: Audience): void {
    if (audience.batch === undefined) {
      if (this.#dirty.length === 0) this.#beginTick()
      this.#dirty.push(audience)
    }
    audience.batch = (audience.batch ?? this.#root).with(event)
  }

  #send(audience: Audience, frame: EventFrame): void {
    const { deflate, members } = audience
    audience.quiet = false
    if (deflate === undefined) {
      let passed = 0
      for (const member of members) {
        if (member.pass(frame)) passed++
        else member.send(frame)
      }
      this.counters.delivered += passed * frame.messages
      this.counters.bytes += passed * frame.bytes.length
      return
    }
    if (members.size === 0) return
    const { coded, syncPoint } = deflate.compress(frame, this.#clock.now())
    for (const member of members) member.sendShared(coded, frame, syncPoint)
  }

  #beginTick(): void {
    if (this.#listener.delivered !== undefined) this.#tickBegan = performance.now()
    endOfTick(() => this.flush())
  }

  #sweep(): void {
    const stalledSince = this.#clock.now() - this.slowClient.stalledFor
    for (const connection of this.#behind) {
      if (!connection.lags) this.#behind.delete(connection)
      else if (connection.behindSince <= stalledSince) connection.cutOff()
    }
    this.#restSweep()
  }

  #restSweep(): void {
    if (this.#behind.size > 0) return
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
  }
}

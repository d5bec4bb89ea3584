import { SharedDeflate } from '../compression/shared-deflate.ts'
import type { Connection } from '../connection/connection.ts'
import type { Target } from '../sink/message.ts'
import type { TopicFilter } from '../sink/topic.ts'
import type { Batch } from './batch.ts'

/** What one connection is to see. */
export interface SubscriberFilter {
  readonly filter: TopicFilter
  readonly rooms: readonly string[]
  readonly user: string | undefined
  /** Whether it is sent as gzip, of one stream for all who see the same. */
  readonly gzip?: boolean
}

/** The connections that see the same: what is decided for one of them is decided for all. */
export class Audience {
  readonly key: string
  readonly filter: TopicFilter
  readonly rooms: readonly string[]
  readonly user: string | undefined
  readonly members: Set<Connection> = new Set()
  /** Connections that will be members when they have caught up. */
  awaited = 0
  /** The compressed stream that the members share. */
  readonly deflate: SharedDeflate | undefined
  /** Nothing was sent to the members since the last heartbeat. */
  quiet = true
  /** What this tick has for the members. */
  batch: Batch | undefined

  constructor(key: string, { filter, rooms, user, gzip = false }: SubscriberFilter) {
    this.key = key
    this.filter = filter
    this.rooms = rooms
    this.user = user
    this.deflate = gzip ? new SharedDeflate() : undefined
  }

  sees(topic: string, target: Target): boolean {
    return this.isMeant(target) && this.filter.accepts(topic)
  }

  isMeant(target: Target): boolean {
    if (target === 'all') return true
    return 'room' in target ? this.rooms.includes(target.room) : this.user === target.user
  }
}

/** All audiences, and which of them a target is for. */
export class Audiences {
  readonly #byKey = new Map<string, Audience>()
  readonly #byRoom = new Map<string, Set<Audience>>()
  readonly #byUser = new Map<string, Set<Audience>>()
  #shared = 0

  of(subscriberFilter: SubscriberFilter): Audience {
    const rooms = [...new Set(subscriberFilter.rooms)].sort()
    const key = keyOf(subscriberFilter, rooms)
    let audience = this.#byKey.get(key)
    if (audience === undefined) {
      audience = new Audience(key, { ...subscriberFilter, rooms })
      this.#byKey.set(key, audience)
      if (audience.deflate !== undefined) this.#shared++
      for (const room of rooms) add(this.#byRoom, room, audience)
      if (audience.user !== undefined) add(this.#byUser, audience.user, audience)
    }
    return audience
  }

  /**
   * Whether a subscriberFilter may be compressed: never together with what is one user's alone, and only so many streams,
   * as each takes its own share of the processor.
   */
  mayShare(subscriberFilter: SubscriberFilter): boolean {
    if (subscriberFilter.user !== undefined) return false
    const key = keyOf({ ...subscriberFilter, gzip: true }, [...new Set(subscriberFilter.rooms)].sort())
    return this.#shared < MAX_SHARED || this.#byKey.has(key)
  }

  /** Forgets an audience that nobody is, or is about to be, in. */
  release(audience: Audience): void {
    if (audience.members.size > 0 || audience.awaited > 0) return
    if (this.#byKey.get(audience.key) !== audience) return
    this.#byKey.delete(audience.key)
    if (audience.deflate !== undefined) this.#shared--
    for (const room of audience.rooms) remove(this.#byRoom, room, audience)
    if (audience.user !== undefined) remove(this.#byUser, audience.user, audience)
  }

  meant(target: Target): Iterable<Audience> {
    if (target === 'all') return this.#byKey.values()
    const set = 'room' in target ? this.#byRoom.get(target.room) : this.#byUser.get(target.user)
    return set ?? NOBODY
  }

  values(): Iterable<Audience> {
    return this.#byKey.values()
  }
}

const MAX_SHARED = 64

function keyOf({ filter, user, gzip = false }: SubscriberFilter, rooms: readonly string[]): string {
  return JSON.stringify([filter.key, user ?? null, gzip, ...rooms])
}

const NOBODY: readonly Audience[] = []

function add(index: Map<string, Set<Audience>>, name: string, audience: Audience): void {
  const set = index.get(name)
  if (set === undefined) index.set(name, new Set([audience]))
  else set.add(audience)
}

function remove(index: Map<string, Set<Audience>>, name: string, audience: Audience): void {
  const set = index.get(name)
  set?.delete(audience)
  if (set?.size === 0) index.delete(name)
}

import { SharedDeflate } from '../compression/shared-deflate.ts'
import type { Target } from '../sink/message.ts'
import type { TopicFilter } from '../sink/topic.ts'
import type { EventSequence } from './event-sequence.ts'
import { isMeant } from './target.ts'

/** Which messages a connection sees, and whether it reads gzip. */
export interface SubscriberFilter {
  readonly filter: TopicFilter
  readonly rooms: readonly string[]
  readonly user: string | undefined
  readonly gzip?: boolean
}

/** The connections that see the same messages. A message is matched once for all of them. */
export class SubscriberGroup<Member> {
  readonly key: string
  readonly filter: TopicFilter
  readonly rooms: readonly string[]
  readonly user: string | undefined
  readonly members: Set<Member> = new Set()
  /** Connections that are still resuming and become members later. */
  joining = 0
  /** The compressed stream that the members share. */
  readonly deflate: SharedDeflate | undefined
  /** Nothing was sent to the members since the last heartbeat. */
  quiet = true
  /** The members' events of this tick. */
  pending: EventSequence | undefined

  constructor(key: string, { filter, rooms, user, gzip = false }: SubscriberFilter) {
    this.key = key
    this.filter = filter
    this.rooms = rooms
    this.user = user
    this.deflate = gzip ? new SharedDeflate() : undefined
  }

  sees(topic: string, target: Target): boolean {
    return isMeant(target, this.rooms, this.user) && this.filter.accepts(topic)
  }
}

/** All groups, by filter, room and user. */
export class SubscriberGroups<Member> {
  readonly #byKey = new Map<string, SubscriberGroup<Member>>()
  readonly #byRoom = new Map<string, Set<SubscriberGroup<Member>>>()
  readonly #byUser = new Map<string, Set<SubscriberGroup<Member>>>()
  #compressed = 0

  getOrCreate(subscriberFilter: SubscriberFilter): SubscriberGroup<Member> {
    const rooms = normalizeRooms(subscriberFilter)
    const key = createKey(subscriberFilter, rooms)
    let group = this.#byKey.get(key)
    if (group === undefined) {
      group = new SubscriberGroup<Member>(key, { ...subscriberFilter, rooms })
      this.#byKey.set(key, group)
      if (group.deflate !== undefined) this.#compressed++
      for (const room of rooms) addTo(this.#byRoom, room, group)
      if (group.user !== undefined) addTo(this.#byUser, group.user, group)
    }
    return group
  }

  /**
   * Whether a group may be compressed. A user's own messages never are: with other data in the
   * stream, their compressed size could reveal them. The number of streams is limited, because
   * each takes processor time.
   */
  mayCompress(subscriberFilter: SubscriberFilter): boolean {
    if (subscriberFilter.user !== undefined) return false
    const key = createKey({ ...subscriberFilter, gzip: true }, normalizeRooms(subscriberFilter))
    return this.#compressed < MAX_COMPRESSED || this.#byKey.has(key)
  }

  /** Forgets a group without members. */
  release(group: SubscriberGroup<Member>): void {
    if (group.members.size > 0 || group.joining > 0) return
    if (this.#byKey.get(group.key) !== group) return
    this.#byKey.delete(group.key)
    if (group.deflate !== undefined) this.#compressed--
    for (const room of group.rooms) removeFrom(this.#byRoom, room, group)
    if (group.user !== undefined) removeFrom(this.#byUser, group.user, group)
  }

  selectByTarget(target: Target): Iterable<SubscriberGroup<Member>> {
    if (target === 'all') return this.#byKey.values()
    const { room, user } = target
    if (room !== undefined) return (user === undefined ? this.#byRoom.get(room) : undefined) ?? []
    return (user === undefined ? undefined : this.#byUser.get(user)) ?? []
  }

  /** The connections of each room. */
  countRooms(): Map<string, number> {
    return new Map(
      Array.from(this.#byRoom, ([room, groups]) => {
        let connections = 0
        for (const { members, joining } of groups) connections += members.size + joining
        return [room, connections]
      }),
    )
  }

  values(): Iterable<SubscriberGroup<Member>> {
    return this.#byKey.values()
  }
}

const MAX_COMPRESSED = 64

function normalizeRooms({ rooms }: SubscriberFilter): readonly string[] {
  return [...new Set(rooms)].sort()
}

function createKey({ filter, user, gzip = false }: SubscriberFilter, rooms: readonly string[]): string {
  return JSON.stringify([filter.key, user ?? null, gzip, ...rooms])
}

function addTo<Group>(index: Map<string, Set<Group>>, name: string, group: Group): void {
  const set = index.get(name)
  if (set === undefined) index.set(name, new Set([group]))
  else set.add(group)
}

function removeFrom<Group>(index: Map<string, Set<Group>>, name: string, group: Group): void {
  const set = index.get(name)
  set?.delete(group)
  if (set?.size === 0) index.delete(name)
}

import { identityOf, type Key, type Primitive } from './key.ts'

/** Why a key's state was let go: it was not used for `ttl`, or `maxKeys` others were used after it. */
export type EvictionReason = 'ttl' | 'max-keys'

/** A key whose state an operator has let go. Should the key come back, it starts anew. */
export interface Eviction<K> {
  readonly key: K
  readonly reason: EvictionReason
}

export interface KeyedStateOptions<K, S> {
  /** Milliseconds a key is kept after its last use. Default: for good. */
  readonly ttl?: number
  /** How many keys are kept. Default: any number. */
  readonly maxKeys?: number
  /** What counts as use: `'access'` (default), or only the `'creation'` of the state. */
  readonly renewOn?: 'access' | 'creation'
  readonly onEvicted?: ((eviction: Eviction<K>, state: S) => void) | undefined
}

interface Entry<K, S> {
  readonly key: K
  readonly state: S
  usedAt: number
}

/**
 * State by key that cannot grow without bound: the least recently used go first. A `Map` keeps its keys in the order of
 * insertion, so re-inserting on use keeps the oldest in front, and expiry needs no timer: whoever comes next takes
 * away what has expired.
 */
export class KeyedState<K extends Key, S> {
  readonly #entries = new Map<Primitive, Entry<K, S>>()
  readonly #create: (key: K) => S
  readonly #ttl: number
  readonly #maxKeys: number
  readonly #renews: boolean
  readonly #onEvicted: ((eviction: Eviction<K>, state: S) => void) | undefined
  /** The one used last, which is often the next one too, and is the last to go. */
  #recent: Entry<K, S> | undefined
  #recentId: Primitive

  constructor(create: (key: K) => S, options: KeyedStateOptions<K, S> = {}) {
    this.#create = create
    this.#ttl = options.ttl ?? Number.POSITIVE_INFINITY
    this.#maxKeys = options.maxKeys ?? Number.POSITIVE_INFINITY
    this.#onEvicted = options.onEvicted
    const bounded = this.#ttl !== Number.POSITIVE_INFINITY || this.#maxKeys !== Number.POSITIVE_INFINITY
    this.#renews = bounded && options.renewOn !== 'creation'
  }

  get size(): number {
    return this.#entries.size
  }

  /** The key's state, made where there is none. A state that has been unused for exactly `ttl` has expired. */
  at(key: K, now: number, id: Primitive = identityOf(key)): S {
    if (this.#ttl !== Number.POSITIVE_INFINITY) this.#expire(now)
    if (this.#recent === undefined || id !== this.#recentId) return this.#other(key, now, id)
    if (this.#renews) this.#recent.usedAt = now
    return this.#recent.state
  }

  #other(key: K, now: number, id: Primitive): S {
    const entry = this.#renewed(id, now) ?? this.#added(key, id, now)
    this.#recent = entry
    this.#recentId = id
    return entry.state
  }

  has(key: K, now: number, id: Primitive = identityOf(key)): boolean {
    if (this.#ttl !== Number.POSITIVE_INFINITY) this.#expire(now)
    return this.#entries.has(id)
  }

  #renewed(id: Primitive, now: number): Entry<K, S> | undefined {
    const found = this.#entries.get(id)
    if (found !== undefined && this.#renews) {
      found.usedAt = now
      this.#entries.delete(id)
      this.#entries.set(id, found)
    }
    return found
  }

  #added(key: K, id: Primitive, now: number): Entry<K, S> {
    const entry = { key, state: this.#create(key), usedAt: now }
    this.#entries.set(id, entry)
    if (this.#entries.size > this.#maxKeys) this.#evictOldest('max-keys')
    return entry
  }

  /** Lets go of what has expired by `now`. */
  #expire(now: number): void {
    for (const entry of this.#entries.values()) {
      if (now - entry.usedAt < this.#ttl) return
      this.#evictOldest('ttl')
    }
  }

  delete(key: K): boolean {
    this.#recent = undefined
    return this.#entries.delete(identityOf(key))
  }

  *states(): IterableIterator<S> {
    for (const entry of this.#entries.values()) yield entry.state
  }

  #evictOldest(reason: EvictionReason): void {
    for (const [id, entry] of this.#entries) {
      this.#entries.delete(id)
      if (entry === this.#recent) this.#recent = undefined
      this.#onEvicted?.({ key: entry.key, reason }, entry.state)
      return
    }
  }
}

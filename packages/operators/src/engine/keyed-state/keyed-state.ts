import { identifyKey, type Key, type Primitive } from './key.ts'

/**
 * Why a key was evicted: it was not used for `ttl`, there were more than `maxKeys` keys, or it had as many empty windows in a
 * row as `maxEmpty` allows.
 */
export type EvictionReason = 'ttl' | 'max-keys' | 'max-empty'

/** A key whose state was evicted. If the key comes back, it starts anew. */
export interface Eviction<K> {
  readonly key: K
  readonly reason: EvictionReason
}

export interface KeyedStateOptions<K, S> {
  /** Milliseconds a key is kept after its last use. Default: for good. */
  readonly ttl?: number
  /** How many keys are kept. Default: any number. */
  readonly maxKeys?: number
  /** What extends the `ttl`: every `'access'` (default), or only the `'creation'` of the state. */
  readonly renewOn?: 'access' | 'creation'
  readonly onEvicted?: ((eviction: Eviction<K>, state: S) => void) | undefined
}

interface Entry<K, S> {
  readonly key: K
  readonly state: S
  usedAt: number
}

/**
 * State by key with a bound: the least recently used key is evicted first. A `Map` keeps its keys in the order of
 * insertion, so inserting a key again on use keeps the oldest in front. Expiry needs no timer: each call first evicts
 * the expired keys.
 */
export class KeyedState<K extends Key, S> {
  readonly #entries = new Map<Primitive, Entry<K, S>>()
  readonly #create: (key: K) => S
  readonly #ttl: number
  readonly #maxKeys: number
  readonly #renews: boolean
  readonly #onEvicted: ((eviction: Eviction<K>, state: S) => void) | undefined
  /** The entry used last, which is often the next one too. It is evicted last. */
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

  /** The key's state, which is created if there is none. A state that was not used for exactly `ttl` has expired. */
  at(key: K, now: number, id: Primitive = identifyKey(key)): S {
    if (this.#ttl !== Number.POSITIVE_INFINITY) this.expire(now)
    if (this.#recent === undefined || id !== this.#recentId) return this.#atOther(key, now, id)
    if (this.#renews) this.#recent.usedAt = now
    return this.#recent.state
  }

  #atOther(key: K, now: number, id: Primitive): S {
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      entry = { key, state: this.#create(key), usedAt: now }
      this.#entries.set(id, entry)
      if (this.#entries.size > this.#maxKeys) this.#evictOldest('max-keys')
    } else if (this.#renews) {
      entry.usedAt = now
      this.#entries.delete(id)
      this.#entries.set(id, entry)
    }
    this.#recent = entry
    this.#recentId = id
    return entry.state
  }

  has(key: K, now: number, id: Primitive = identifyKey(key)): boolean {
    if (this.#ttl !== Number.POSITIVE_INFINITY) this.expire(now)
    return this.#entries.has(id)
  }

  /** When the next key expires if it is not used before. Infinity: none does. */
  get nextExpiry(): number {
    for (const { usedAt } of this.#entries.values()) return usedAt + this.#ttl
    return Number.POSITIVE_INFINITY
  }

  /** Evicts the keys that have expired by `now`. */
  expire(now: number): void {
    for (const entry of this.#entries.values()) {
      if (now - entry.usedAt < this.#ttl) return
      this.#evictOldest('ttl')
    }
  }

  delete(key: K): boolean {
    this.#recent = undefined
    return this.#entries.delete(identifyKey(key))
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

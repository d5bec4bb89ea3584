import { type Linked, LinkedList } from '@rxsse/shared'
import type { StateReader, StateWriter } from '../../stage/operator-state.ts'
import { type CopiedEntry, EntryCopies, loadEntries } from './entry-copies.ts'
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

interface Entry<K, S> extends CopiedEntry, Linked<Entry<K, S>> {
  /** Identifies the key. */
  readonly id: Primitive
  readonly key: K
  readonly state: S
  usedAt: number
  /** Grows with each use of an entry of a bounded state. */
  order: number
}

/** What tells a new state apart from those before it. */
export interface StateOrigin {
  /** Identifies the key. */
  readonly id: Primitive
  /** How many states were created before. */
  readonly order: number
  /** How many states were evicted before. So a key that comes back has more than it had, without memory for each key. */
  readonly evictions: number
}

/** How the states of keys are written and read. */
export interface StateCodec<S> {
  write(state: S, writer: StateWriter): void
  /** Reads into a new state of the key. Returns it, or another one in its place. */
  read(state: S, reader: StateReader): S
}

/**
 * State by key with a bound: the least recently used key is evicted first. Expiry needs no timer: each call first evicts the
 * expired keys.
 *
 * A copy of all states (`save`) takes many turns. A state that has not been copied yet is copied before it changes, so
 * the copy shows one moment. `at` does so. Call `willChange` before a change of a state from elsewhere.
 */
export class KeyedState<K extends Key, S> {
  readonly #entries = new Map<Primitive, Entry<K, S>>()
  /** The least recently used one first. Only a bounded state evicts, so only that needs it. */
  readonly #byUse = new LinkedList<Entry<K, S>>()
  readonly #create: (key: K, origin: StateOrigin) => S
  readonly #ttl: number
  readonly #maxKeys: number
  readonly #renews: boolean
  readonly #onEvicted: ((eviction: Eviction<K>, state: S) => void) | undefined
  /** The entry used last, which is often the next one too. It is evicted last. */
  #recent: Entry<K, S> | undefined
  readonly #bounded: boolean
  #uses = 0
  #created = 0
  #evictions = 0
  readonly #copies = new EntryCopies<Entry<K, S>>()

  constructor(create: (key: K, origin: StateOrigin) => S, options: KeyedStateOptions<K, S> = {}) {
    this.#create = create
    this.#ttl = options.ttl ?? Number.POSITIVE_INFINITY
    this.#maxKeys = options.maxKeys ?? Number.POSITIVE_INFINITY
    this.#onEvicted = options.onEvicted
    this.#bounded = this.#ttl !== Number.POSITIVE_INFINITY || this.#maxKeys !== Number.POSITIVE_INFINITY
    this.#renews = this.#bounded && options.renewOn !== 'creation'
  }

  get size(): number {
    return this.#entries.size
  }

  /** The key's state, which is created if there is none. A state that was not used for exactly `ttl` has expired. */
  at(key: K, now: number, id: Primitive = identifyKey(key)): S {
    if (this.#ttl !== Number.POSITIVE_INFINITY) this.expire(now)
    if (this.#recent === undefined || id !== this.#recent.id) return this.#atOther(key, now, id)
    if (this.#renews) this.#recent.usedAt = now
    return this.#recent.state
  }

  #atOther(key: K, now: number, id: Primitive): S {
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      // Its owner may use an array again, for the next key.
      const own = (Array.isArray(key) ? key.slice() : key) as K
      const state = this.#newState(own, id)
      entry = createEntry(id, own, state, now, this.#uses++, this.#copies.count)
      this.#entries.set(id, entry)
      if (this.#bounded) this.#byUse.push(entry)
      // Before the evictions: a callback may send an event that evicts this entry too.
      this.#recent = entry
      // A smaller limit than that of the process before evicts more than one.
      while (this.#entries.size > this.#maxKeys) this.#evict(this.#byUse.first as Entry<K, S>, 'max-keys')
      return entry.state
    }
    this.#copies.willChange(entry)
    if (this.#renews) {
      entry.usedAt = now
      entry.order = this.#uses++
      this.#byUse.moveToEnd(entry)
    }
    this.#recent = entry
    return entry.state
  }

  has(key: K, now: number, id: Primitive = identifyKey(key)): boolean {
    if (this.#ttl !== Number.POSITIVE_INFINITY) this.expire(now)
    return this.#entries.has(id)
  }

  /** When the next key expires if it is not used before. Infinity: none does. */
  get nextExpiry(): number {
    const oldest = this.#byUse.first
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest.usedAt + this.#ttl
  }

  /** Evicts the keys that have expired by `now`. */
  expire(now: number): void {
    for (
      let oldest = this.#byUse.first;
      oldest !== undefined && now - oldest.usedAt >= this.#ttl;
      oldest = this.#byUse.first
    ) {
      this.#evict(oldest, 'ttl')
    }
  }

  /** Counts every key as used at `now`. A copy is restored as of its own time, before `now`, so it need not have the uses before. */
  renew(now: number): void {
    for (const entry of this.#entries.values()) entry.usedAt = now
  }

  delete(key: K, id: Primitive = identifyKey(key)): boolean {
    const entry = this.#entries.get(id)
    if (entry === undefined) return false
    this.#copies.willChange(entry)
    this.#delete(entry)
    return true
  }

  /** Call it before a change of a key's state that does not come from `at`. */
  willChange(key: K): void {
    if (!this.#copies.isCopying) return
    const entry = this.#entries.get(identifyKey(key))
    if (entry !== undefined) this.#copies.willChange(entry)
  }

  /**
   * Writes the states as they are now, and yields after each one. `shift` is added to the times of use: what turns the
   * clock of this process into one that the next process has too.
   */
  *save(writer: StateWriter, codec: StateCodec<S>, shift = 0): Generator<void, void> {
    const isDated = this.#ttl !== Number.POSITIVE_INFINITY
    // The next use of this entry must find that it is not copied yet.
    this.#recent = undefined
    writer.number(this.#created)
    writer.number(this.#evictions)
    writer.value(this.#bounded)
    writer.value(isDated)
    yield* this.#copies.save(writer, this.#entries, (entry) => {
      writer.value(entry.key)
      if (isDated) writer.number(entry.usedAt + shift)
      if (this.#bounded) writer.number(entry.order)
      codec.write(entry.state, writer)
    })
  }

  /**
   * Reads what `save` has written. There must be no states yet. `shift` is subtracted from the times of use. None counts as
   * later than `now`: the clock of this process may be behind that of the one before. States that were saved without a `ttl`
   * count as used at `now`.
   */
  load(reader: StateReader, codec: StateCodec<S>, now: number = Number.POSITIVE_INFINITY, shift = 0): void {
    const created = reader.number()
    const evictions = reader.number()
    const isOrdered = reader.value<boolean>()
    const isDated = reader.value<boolean>()
    const entries = loadEntries(reader, () => {
      const key = reader.value<K>()
      const usedAt = isDated ? Math.min(reader.number() - shift, now) : now
      const order = isOrdered ? reader.number() : 0
      const id = identifyKey(key)
      const state = codec.read(this.#newState(key, id), reader)
      return createEntry(id, key, state, usedAt, order, 0)
    })
    for (const entry of entries) {
      entry.order = this.#uses++
      this.#entries.set(entry.id, entry)
      if (this.#bounded) this.#byUse.push(entry)
    }
    this.#created = created
    this.#evictions = evictions
  }

  *states(): IterableIterator<S> {
    for (const entry of this.#entries.values()) yield entry.state
  }

  #newState(key: K, id: Primitive): S {
    return this.#create(key, { id, order: this.#created++, evictions: this.#evictions })
  }

  #evict(entry: Entry<K, S>, reason: EvictionReason): void {
    this.#copies.willChange(entry)
    this.#delete(entry)
    this.#evictions++
    this.#onEvicted?.({ key: entry.key, reason }, entry.state)
  }

  #delete(entry: Entry<K, S>): void {
    this.#entries.delete(entry.id)
    if (this.#bounded) this.#byUse.delete(entry)
    if (entry === this.#recent) this.#recent = undefined
  }
}

/** The one place that makes entries, so that V8 gives all of them one shape. */
function createEntry<K, S>(
  id: Primitive,
  key: K,
  state: S,
  usedAt: number,
  order: number,
  copy: number,
): Entry<K, S> {
  return { id, key, state, usedAt, order, copy, before: undefined, after: undefined }
}

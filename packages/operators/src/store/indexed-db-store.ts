import {
  createSnapshotStore,
  optionError,
  type SnapshotBackend,
  type SnapshotDraft,
  type SnapshotRecord,
  type SnapshotStore,
  type StoredSnapshot,
  withShards,
} from '@rxsse/shared'
import { crc32 } from './crc32.ts'
import {
  completeRequest,
  completeTransaction,
  type IdbDatabase,
  type IdbKey,
  type IndexedDb,
} from './indexed-db.ts'

export interface IndexedDbStoreOptions {
  /** The name of the database. It belongs to the origin of the page. */
  readonly name: string
}

/**
 * Keeps the snapshots of a job in an IndexedDB database of the browser. It holds the last two, and the one before them until
 * the next save. The browser may delete the database if the disk is nearly full, unless the page has asked for
 * `navigator.storage.persist()`.
 *
 * A shard of a job has a database of its own: `<name>-shard0` for the first.
 *
 * One page at a time may use a name. If another one saves there, the next `save` here rejects with `superseded`. A Web Lock
 * (`navigator.locks`) makes sure that only one tab runs the job.
 */
export function indexedDbStore({ name }: IndexedDbStoreOptions): SnapshotStore {
  if (typeof name !== 'string' || name === '')
    throw optionError('indexedDbStore: name', 'the name of a database', name)
  const { indexedDB } = globalThis as { readonly indexedDB?: IndexedDb }
  if (indexedDB === undefined)
    throw new Error('indexedDbStore needs indexedDB, which this runtime does not have')
  const store = createSnapshotStore({
    name: 'indexedDbStore',
    backend: new SnapshotObjects(indexedDB, name),
    crc32,
    createId: () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
    nextTurn,
  })
  return withShards(store, (index) => indexedDbStore({ name: `${name}-shard${index}` }))
}

interface Header extends Omit<StoredSnapshot, 'pieces'> {
  readonly id: string
  readonly number: number
  /** The number of pieces. */
  readonly pieces: number
}

class SnapshotObjects implements SnapshotBackend {
  readonly #indexedDb: IndexedDb
  readonly #name: string
  #opening: Promise<IdbDatabase> | undefined

  constructor(indexedDb: IndexedDb, name: string) {
    this.#indexedDb = indexedDb
    this.#name = name
  }

  list(): Promise<SnapshotRecord[]> {
    return this.#use(async (database) => {
      const transaction = database.transaction([HEADERS], 'readonly')
      const headers = (await completeRequest(transaction.objectStore(HEADERS).getAll())) as Header[]
      return headers.map(({ id, number }) => ({ id, number }))
    })
  }

  read(id: string): Promise<StoredSnapshot> {
    return this.#use((database) => this.#read(database, id))
  }

  write(draft: SnapshotDraft, keep: readonly string[]): Promise<void> {
    return this.#use((database) => this.#write(database, draft, keep))
  }

  async close(): Promise<void> {
    await this.#leave(this.#opening)
  }

  /** The browser may close a connection, without a word. What that has stopped is done again with a new one. */
  async #use<T>(work: (database: IdbDatabase) => Promise<T>): Promise<T> {
    const opening = this.#open()
    try {
      return await work(await opening)
    } catch (error) {
      await this.#leave(opening)
      const { name }: { name?: unknown } = Object(error)
      if (typeof name !== 'string' || !CLOSED.test(name)) throw error
      return work(await this.#open())
    }
  }

  async #read(database: IdbDatabase, id: string): Promise<StoredSnapshot> {
    const headers = database.transaction([HEADERS], 'readonly').objectStore(HEADERS)
    const { sizes, checksum, pieces: count } = (await completeRequest(headers.get(id))) as Header
    const pieces: Uint8Array[] = []
    for (let n = 0; n < count; n++) {
      const stored = database.transaction([PIECES], 'readonly').objectStore(PIECES)
      const bytes = await completeRequest(stored.get([id, n]))
      if (!(bytes instanceof Uint8Array)) throw new Error('a part of it is missing')
      pieces.push(bytes)
    }
    return { sizes, checksum, pieces }
  }

  async #write(database: IdbDatabase, draft: SnapshotDraft, keep: readonly string[]): Promise<void> {
    await this.#removeOthers(database, keep)
    let count = 0
    for (const piece of draft.pieces(PIECE_BYTES)) {
      const transaction = database.transaction([PIECES], 'readwrite', { durability: 'relaxed' })
      // A view would store the whole buffer that it is a part of.
      transaction.objectStore(PIECES).put(piece.slice(), [draft.id, count++])
      await completeTransaction(transaction)
    }
    const { id, number, sizes, checksum } = draft
    const header: Header = { id, number, sizes, checksum, pieces: count }
    // Flushes the transactions before it as well: they are in the same log.
    const transaction = database.transaction([HEADERS], 'readwrite', { durability: 'strict' })
    transaction.objectStore(HEADERS).put(header)
    await completeTransaction(transaction)
  }

  async #removeOthers(database: IdbDatabase, keep: readonly string[]): Promise<void> {
    const transaction = database.transaction([HEADERS, PIECES], 'readwrite', { durability: 'relaxed' })
    const headers = transaction.objectStore(HEADERS)
    const pieces = transaction.objectStore(PIECES)
    const isKept = (id: IdbKey) => keep.includes(id as string)
    const ids = headers.getAllKeys()
    ids.addEventListener('success', () => {
      for (const id of ids.result) if (!isKept(id)) headers.delete(id)
    })
    const keys = pieces.getAllKeys()
    keys.addEventListener('success', () => {
      for (const key of keys.result as [string, number][]) if (!isKept(key[0])) pieces.delete(key)
    })
    await completeTransaction(transaction)
  }

  #open(): Promise<IdbDatabase> {
    this.#opening ??= this.#openDatabase()
    return this.#opening
  }

  async #leave(opening: Promise<IdbDatabase> | undefined): Promise<void> {
    if (this.#opening === opening) this.#opening = undefined
    const database = await opening?.catch(() => undefined)
    database?.close()
  }

  async #openDatabase(): Promise<IdbDatabase> {
    const request = this.#indexedDb.open(this.#name, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(HEADERS, { keyPath: 'id' })
      request.result.createObjectStore(PIECES)
    }
    const database = await completeRequest(request)
    // Somebody deletes the database. That would wait as long as it is open here. The next call finds it closed.
    database.onversionchange = () => database.close()
    return database
  }
}

/** The names of the errors of a connection that is closed, or that has lost its database. */
const CLOSED = /^(?:InvalidState|Abort|Unknown)Error$/

const HEADERS = 'snapshot'
const PIECES = 'piece'
/** Bytes of a record. */
const PIECE_BYTES = 2 ** 18

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

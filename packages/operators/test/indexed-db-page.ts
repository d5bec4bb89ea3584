import { type SnapshotPlace, type StoredPart, snapshotStoreLaws } from '@rxsse/testing'
import {
  completeRequest,
  completeTransaction,
  type IdbDatabase,
  type IndexedDb,
} from '../src/store/indexed-db.ts'
import { indexedDbStore, type SnapshotStore } from '../src/store/web.ts'

interface FullIndexedDb extends IndexedDb {
  open: IndexedDb['open']
  deleteDatabase(name: string): never
}
const { indexedDB } = globalThis as unknown as { readonly indexedDB: FullIndexedDb }

let names = 0

async function withDatabase<T>(name: string, use: (database: IdbDatabase) => Promise<T>): Promise<T> {
  const database = await completeRequest(indexedDB.open(name, 1))
  try {
    return await use(database)
  } finally {
    database.close()
  }
}

function createPlace(): SnapshotPlace {
  const name = `job-${++names}-${Math.random()}`
  const createPart = (key: [string, number]): StoredPart => ({
    read: () =>
      withDatabase(name, async (database) => {
        const pieces = database.transaction(['piece'], 'readonly').objectStore('piece')
        return (await completeRequest(pieces.get(key))) as Uint8Array
      }),
    write: (bytes) =>
      withDatabase(name, (database) => {
        const transaction = database.transaction(['piece'], 'readwrite')
        transaction.objectStore('piece').put(bytes, key)
        return completeTransaction(transaction)
      }),
  })
  return {
    open: () => indexedDbStore({ name }),
    parts: (number) =>
      withDatabase(name, async (database) => {
        const headers = database.transaction(['snapshot'], 'readonly').objectStore('snapshot')
        const all = (await completeRequest(headers.getAll())) as {
          id: string
          number: number
          pieces: number
        }[]
        const { id = '', pieces = 0 } = all.find((header) => header.number === number) ?? {}
        return Array.from({ length: pieces }, (_, n) => createPart([id, n]))
      }),
    async remove() {
      await completeRequest(indexedDB.deleteDatabase(name))
    },
  }
}

const connections: IdbDatabase[] = []
const { open } = indexedDB
indexedDB.open = (...args) => {
  const request = open.apply(indexedDB, args)
  request.addEventListener('success', () => connections.push(request.result))
  return request
}

const laws = snapshotStoreLaws({ createPlace })

/** What the tests drive in the page. */
const page = {
  titles: laws.map(({ title }) => title),
  check: async (title: string) => laws.find((law) => law.title === title)?.check(),
  indexedDbStore,
  /** Closes all connections to databases behind the back of those who have opened them. */
  closeConnections() {
    for (const connection of connections.splice(0)) connection.close()
  },
  stores: new Map<string, SnapshotStore>(),
  bytes: (length: number, value: number) => new Uint8Array(length).fill(value),
}

export type StorePage = typeof page

Object.assign(globalThis, { page })

import type { MaybePromise } from '../maybe-promise.ts'
import { optionError, requireInteger } from '../option-error.ts'
import {
  type Crc32,
  draftSnapshot,
  type SnapshotDraft,
  type StoredSnapshot,
  splitPieces,
  verifyContent,
} from './snapshot-bytes.ts'
import type { Snapshot, SnapshotStore } from './snapshot-store.ts'
import { SnapshotStoreError } from './snapshot-store-error.ts'

/** What is known of a stored snapshot without reading its bytes. */
export interface SnapshotRecord {
  /** The name of the save that stored it. */
  readonly id: string
  /** Undefined if it cannot be read. */
  readonly number: number | undefined
}

/** Where a store keeps its bytes. Its methods are called one at a time. */
export interface SnapshotBackend {
  /** All snapshots that are there, in any order. */
  list(): MaybePromise<readonly SnapshotRecord[]>
  /** Throws if something is missing or malformed. Whether the checksum is right is tested elsewhere. */
  read(id: string): MaybePromise<StoredSnapshot>
  /**
   * Stores a snapshot, entirely or not at all, so that it survives a crash of the machine. Keeps the snapshots `keep`, of
   * which the last may be overwritten if there is room for two only. A write that failed may be carried out late, but not
   * after one with a higher number.
   */
  write(draft: SnapshotDraft, keep: readonly string[]): MaybePromise<void>
  close(): MaybePromise<void>
}

export interface SnapshotStoreSettings {
  /** The function that error messages name. */
  readonly name: string
  readonly backend: SnapshotBackend
  readonly crc32: Crc32
  /** A new random name. */
  readonly createId: () => string
  /** Resolves in a later turn of the event loop. */
  readonly nextTurn: () => Promise<unknown>
}

/**
 * The part that all stores have in common: two generations, checksums, the order of numbers, saves of other processes, and
 * one call at a time.
 */
export function createSnapshotStore(
  settings: SnapshotStoreSettings,
): Required<Omit<SnapshotStore, 'acquire' | 'shard'>> & { load(): Promise<Snapshot | undefined> } {
  const store = new Generations(settings)
  let running: Promise<unknown> = Promise.resolve()
  let closed: Promise<void> | undefined

  function run<T>(call: () => Promise<T>): Promise<T> {
    if (closed) return Promise.reject(new SnapshotStoreError('closed', `${settings.name} is closed`))
    const result = running.then(call, call)
    running = result
    return result
  }

  return {
    load: () => run(() => store.load()),
    async save(snapshot) {
      checkSnapshot(snapshot, settings.name)
      await run(() => store.save(snapshot))
    },
    close() {
      const end = async () => settings.backend.close()
      closed ??= running.then(end, end)
      return closed
    },
  }
}

function checkSnapshot({ number, chunks }: Snapshot, name: string): void {
  requireInteger(number, `${name}: number`, 1)
  if (Array.isArray(chunks) && chunks.every((chunk) => chunk instanceof Uint8Array)) return
  throw optionError(`${name}: chunks`, 'an array of Uint8Array', chunks)
}

class Generations {
  readonly #settings: SnapshotStoreSettings
  /** The saves that this process has loaded or made. Undefined before it has looked. */
  #known: Set<string> | undefined
  /** The saves that have failed since the last one that did not. The backend may carry them out late. */
  #failed: string[] = []
  /** The newest intact snapshot. */
  #newest: SnapshotRecord | undefined

  constructor(settings: SnapshotStoreSettings) {
    this.#settings = settings
  }

  async load(): Promise<Snapshot | undefined> {
    const { name } = this.#settings
    const records = await this.#list()
    this.#known = new Set(records.map(({ id }) => id))
    this.#newest = undefined
    const damaged: string[] = []
    for (const record of records) {
      const result = await this.#read(record)
      if (typeof result === 'string') {
        damaged.push(result)
        continue
      }
      this.#newest = record
      return damaged.length === 0 ? result : { ...result, damaged }
    }
    if (damaged.length === 0) return undefined
    const reasons = damaged.join('; ')
    throw new SnapshotStoreError('damaged', `${name}: no snapshot is intact: ${reasons}`, damaged)
  }

  async save(snapshot: Snapshot): Promise<void> {
    const { name, backend, crc32, createId } = this.#settings
    if (this.#known === undefined) await this.#look()
    const records = await this.#list()
    if (records.some(({ id }) => !this.#known?.has(id))) {
      throw new SnapshotStoreError('superseded', `${name}: another process has saved a snapshot of this job`)
    }
    const newest = this.#newest
    if (newest?.number !== undefined && snapshot.number <= newest.number) {
      const text = `${name}: snapshot ${snapshot.number} does not follow snapshot ${newest.number}, the newest one`
      throw new SnapshotStoreError('superseded', text)
    }
    const draft = draftSnapshot(snapshot, createId(), crc32)
    this.#known?.add(draft.id)
    this.#failed.push(draft.id)
    await backend.write(draft, this.#chooseKept(records))
    this.#newest = { id: draft.id, number: draft.number }
    this.#known = new Set([...this.#failed, ...records.map(({ id }) => id)])
    this.#failed = []
  }

  /** The newest first. A number that no snapshot has was not written by a store. */
  async #list(): Promise<readonly SnapshotRecord[]> {
    const records = await this.#settings.backend.list()
    const isNumber = (number: unknown) => Number.isSafeInteger(number) && (number as number) >= 1
    return sortNewestFirst(
      records.map(({ id, number }) => ({ id, number: isNumber(number) ? number : undefined })),
    )
  }

  /** The newest intact snapshot, and the one before it. */
  #chooseKept(records: readonly SnapshotRecord[]): string[] {
    const newest = this.#newest
    if (newest === undefined) return []
    const isBefore = ({ id, number }: SnapshotRecord) =>
      id !== newest.id && number !== undefined && number <= (newest.number ?? 0)
    const before = records.find(isBefore)
    return before === undefined ? [newest.id] : [newest.id, before.id]
  }

  /** Finds the newest intact snapshot before the first save. If there is none, nothing has to be kept. */
  async #look(): Promise<void> {
    try {
      await this.load()
    } catch (error) {
      if (!(error instanceof SnapshotStoreError)) throw error
    }
  }

  /** The snapshot, or what is wrong with it. */
  async #read({ id, number }: SnapshotRecord): Promise<Snapshot | string> {
    const { backend, crc32, nextTurn } = this.#settings
    if (number === undefined) return `a snapshot: its header is damaged (${id})`
    try {
      const content = await backend.read(id)
      if (!(await verifyContent(number, content, crc32, nextTurn)))
        return `snapshot ${number}: its checksum is wrong`
      return { number, chunks: splitPieces(content) }
    } catch (error) {
      // Whatever it is that was read, it is no snapshot.
      return `snapshot ${number}: ${error instanceof Error ? error.message : error}`
    }
  }
}

function sortNewestFirst(records: readonly SnapshotRecord[]): SnapshotRecord[] {
  const { POSITIVE_INFINITY } = Number
  return [...records].sort((a, b) => compare(b.number ?? POSITIVE_INFINITY, a.number ?? POSITIVE_INFINITY))
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b
}

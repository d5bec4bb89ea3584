import {
  type SnapshotBackend,
  type SnapshotDraft,
  type SnapshotRecord,
  SnapshotStoreError,
  type StoredSnapshot,
} from '@rxsse/shared'
import type { Connection, Failure } from '../connection/connection.ts'
import type { ConnectionSettings } from '../connection/connection-options.ts'
import type { OutageReporter } from '../connection/outage-reporter.ts'
import type { RedisClient } from '../connection/redis-client.ts'
import { RedisError } from '../connection/redis-error.ts'
import { retry } from '../connection/retry.ts'
import {
  commitSnapshotScript,
  listSnapshotsScript,
  readPiecesScript,
  removePiecesScript,
  runScript,
  type Script,
  writePieceScript,
} from '../scripts/script.ts'
import { isFenced } from './fence.ts'
import type { LeaseHolder } from './lease-holder.ts'
import type { StoreKeys } from './store-keys.ts'

export interface SnapshotKeysOptions {
  readonly keys: StoreKeys
  readonly connection: Connection
  readonly settings: ConnectionSettings
  readonly outages: OutageReporter
  readonly holder: LeaseHolder
}

interface Header extends Omit<StoredSnapshot, 'pieces'> {
  readonly number: number
  /** The number of pieces. */
  readonly pieces: number
}

/** The snapshots in Redis: a hash of their headers, and a hash of pieces for each. */
export class SnapshotKeys implements SnapshotBackend {
  readonly #options: SnapshotKeysOptions
  /** The headers by id, as `list` found them. */
  #headers = new Map<string, Header | undefined>()

  constructor(options: SnapshotKeysOptions) {
    this.#options = options
  }

  async list(): Promise<SnapshotRecord[]> {
    const fields = (await this.#run(listSnapshotsScript, [this.#options.keys.snapshots], [])) as Buffer[]
    this.#headers = new Map()
    for (let i = 0; i < fields.length; i += 2)
      this.#headers.set(String(fields[i]), parseHeader(String(fields[i + 1])))
    return Array.from(this.#headers, ([id, header]) => ({ id, number: header?.number }))
  }

  async read(id: string): Promise<StoredSnapshot> {
    const { pieces: count, sizes, checksum } = this.#headers.get(id) as Header
    const pieces: Uint8Array[] = []
    for (let at = 0; at < count; at += PIECES_AT_ONCE) {
      const numbers = Array.from({ length: Math.min(PIECES_AT_ONCE, count - at) }, (_, i) => `${at + i}`)
      const found = await this.#run(readPiecesScript, [this.#options.keys.pieces(id)], numbers)
      for (const piece of found as (Buffer | null)[]) {
        if (piece === null) throw new Error('a part of it is missing')
        pieces.push(piece)
      }
    }
    return { sizes, checksum, pieces }
  }

  async write(draft: SnapshotDraft, keep: readonly string[]): Promise<void> {
    try {
      await this.#write(draft, keep)
    } catch (error) {
      // Redis may have no room for the rest. If it cannot be asked, the pieces expire.
      if (error instanceof RedisError && error.code === 'refused') await this.#removePieces(draft.id)
      throw error
    }
  }

  close(): Promise<void> {
    return this.#options.holder.release()
  }

  async #removePieces(id: string): Promise<void> {
    const { keys, outages } = this.#options
    try {
      await this.#run(removePiecesScript, [keys.snapshots, keys.pieces(id)], [id])
    } catch (error) {
      outages.report(error)
    }
  }

  async #write(draft: SnapshotDraft, keep: readonly string[]): Promise<void> {
    const { keys, holder } = this.#options
    const token = holder.requireToken()
    const { id, number, sizes } = draft
    const own = keys.pieces(id)
    let pieces = 0
    for (const piece of draft.pieces(PIECE_BYTES)) {
      const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
      await this.#runFenced(token, writePieceScript, [own], [`${pieces++}`, bytes, UNFINISHED_TTL])
    }
    const header: Header = { number, sizes, checksum: draft.checksum, pieces }
    const removed = [...this.#headers.keys()].filter((each) => !keep.includes(each))
    await this.#runFenced(
      token,
      commitSnapshotScript,
      [keys.snapshots, own, ...removed.map((each) => keys.pieces(each))],
      [id, JSON.stringify(header), `${pieces}`, ...removed],
    )
  }

  /** Runs a script that Redis carries out only if this process still has the right that it had when the save began. */
  async #runFenced(
    token: string,
    script: Script,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ) {
    const { holder, keys: storeKeys } = this.#options
    const isLost = () => holder.token !== token
    if (isLost()) throw createLostError()
    try {
      await this.#run(script, [storeKeys.fence, ...keys], [token, ...args], isLost)
    } catch (error) {
      if (isFenced((error as Error).cause)) holder.lose(token)
      else if (!isLost()) throw error
      throw createLostError()
    }
  }

  async #run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
    isPointless: () => boolean = () => false,
  ): Promise<unknown> {
    const { connection, settings, outages } = this.#options
    const isFinal = ({ kind }: Failure) => kind === 'refused' || connection.closed || isPointless()
    const attempt = () =>
      connection.try((client) => {
        const binary = client.withTypeMapping(BINARY) as RedisClient
        return runScript(binary, script, { keys: [...keys], arguments: [...args] })
      })
    const result = await retry(attempt, isFinal, settings)
    if (result === 'timeout') {
      const text = `Redis did not answer within ${settings.timeout} ms`
      throw new RedisError('timeout', text, { cause: outages.latestError })
    }
    if ('answer' in result) return result.answer
    const { error, kind } = result.failure
    if (kind === 'refused') throw new RedisError('refused', 'Redis refused the call', { cause: error })
    throw new RedisError('unavailable', 'there is no connection to Redis', { cause: error })
  }
}

function createLostError(): SnapshotStoreError {
  return new SnapshotStoreError(
    'lease-lost',
    'redisStore: this process no longer has the right to run the job',
  )
}

/** Answers are bytes, not text: `$` begins a string in the protocol of Redis. */
const BINARY = { 36: Buffer }
/** Bytes of a piece. Redis serves nobody else while it stores one. */
const PIECE_BYTES = 2 ** 18
const PIECES_AT_ONCE = 16
/** Redis removes the pieces of a save that was never completed after this many milliseconds. */
const UNFINISHED_TTL = String(3_600_000)

/** Undefined if it is malformed. */
function parseHeader(text: string): Header | undefined {
  try {
    const { number, sizes, checksum, pieces }: Header = JSON.parse(text)
    const isWhole = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
    if (![number, checksum, pieces, ...sizes].every(isWhole)) return undefined
    return { number, sizes, checksum, pieces }
  } catch {
    return undefined
  }
}

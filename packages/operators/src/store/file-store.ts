import { access, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import {
  type SnapshotBackend,
  type SnapshotDraft,
  type SnapshotRecord,
  type SnapshotStore,
  type StoredSnapshot,
  withShards,
} from '@rxsse/shared'
import { removeLeftovers, replaceFile } from '@rxsse/shared/files'
import { createDiskStore } from './disk-store.ts'

export interface FileStoreOptions {
  /** The beginning of the two file names: `<path>.1` and `<path>.2`. Without their folder, loading and saving reject. */
  readonly path: string
}

/**
 * Keeps the snapshots of a job in two files, `<path>.1` and `<path>.2`. A save replaces the older one as a whole: it writes
 * a new file beside it, flushes it to the disk and renames it. Only the user of the process can read the files (mode 0600).
 *
 * A shard of a job has two files of its own: `<path>-shard0.1` and `<path>-shard0.2` for the first.
 *
 * One process at a time may use a path. If another one saves there, the next `save` here rejects with `superseded`.
 */
export function fileStore({ path }: FileStoreOptions): SnapshotStore {
  const store = createDiskStore('fileStore', path, () => new SnapshotFiles([`${path}.1`, `${path}.2`]))
  return withShards(store, (index) => fileStore({ path: `${path}-shard${index}` }))
}

class SnapshotFiles implements SnapshotBackend {
  readonly #paths: readonly [string, string]
  /** What is in the two files. */
  #found: readonly (SnapshotRecord | undefined)[] = []
  #isTidy = false

  constructor(paths: readonly [string, string]) {
    this.#paths = paths
  }

  async list(): Promise<SnapshotRecord[]> {
    this.#found = await Promise.all(this.#paths.map(readRecord))
    // Without its folder, such as a volume that is not mounted, a job must not begin anew.
    if (this.#found.every((record) => record === undefined)) await access(dirname(this.#paths[0]))
    return this.#found.filter((record) => record !== undefined)
  }

  async read(id: string): Promise<StoredSnapshot> {
    return parseContent(await readFile(this.#pathOf(id)))
  }

  async write(draft: SnapshotDraft, keep: readonly string[]): Promise<void> {
    if (!this.#isTidy) for (const path of this.#paths) await removeLeftovers(path)
    this.#isTidy = true
    const free = this.#found.indexOf(undefined)
    const at = free === -1 ? this.#found.findIndex((record) => record?.id !== keep[0]) : free
    await replaceFile(this.#paths[at] as string, encodeFile(draft))
    const other = 1 - at
    const record = this.#found[other]
    if (record !== undefined && !keep.includes(record.id))
      await rm(this.#paths[other] as string, { force: true })
  }

  close(): void {}

  #pathOf(id: string): string {
    return this.#paths[this.#found.findIndex((record) => record?.id === id)] as string
  }
}

// A file is a header, the length of each chunk (4 bytes), their bytes, and the checksum of the snapshot (4 bytes). All
// numbers are big-endian. The header is the format's name (8 bytes), the name of the save (8), the snapshot's number (8,
// floating point), the number of chunks (4), and the checksum of the header (4). Another version has another name there.
const FORMAT = 'rxsse-j1'
const HEADER_BYTES = 32

function* encodeFile(draft: SnapshotDraft): Generator<Uint8Array, void, void> {
  const { id, number, sizes } = draft
  const start = Buffer.alloc(HEADER_BYTES + 4 * sizes.length)
  start.write(FORMAT, 0, 'latin1')
  start.write(id, 8, 'hex')
  start.writeDoubleBE(number, 16)
  start.writeUInt32BE(sizes.length, 24)
  start.writeUInt32BE(crc32(start.subarray(0, 28)), 28)
  for (const [i, size] of sizes.entries()) start.writeUInt32BE(size, HEADER_BYTES + 4 * i)
  yield start
  yield* draft.pieces(PIECE_BYTES)
  const end = Buffer.alloc(4)
  end.writeUInt32BE(draft.checksum)
  yield end
}

/** Bytes that are written at once. */
const PIECE_BYTES = 2 ** 18

/** Undefined if there is no file. */
async function readRecord(path: string): Promise<SnapshotRecord | undefined> {
  const header = Buffer.alloc(HEADER_BYTES)
  try {
    const file = await open(path, 'r')
    try {
      await file.read(header, 0, HEADER_BYTES, 0)
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const name = header.toString('latin1', 0, 8)
  if (!name.startsWith('rxsse-j') || crc32(header.subarray(0, 28)) !== header.readUInt32BE(28))
    return { id: path, number: undefined }
  if (name !== FORMAT)
    throw new Error(
      `fileStore: another version of rxsse has written ${path}: its format is ${name}, not ${FORMAT}`,
    )
  return { id: header.toString('hex', 8, 16), number: header.readDoubleBE(16) }
}

function parseContent(file: Buffer): StoredSnapshot {
  const count = file.readUInt32BE(24)
  const start = HEADER_BYTES + 4 * count
  if (file.length < start + 4) throw new Error('its file is too short')
  const sizes = Array.from({ length: count }, (_, i) => file.readUInt32BE(HEADER_BYTES + 4 * i))
  const end = file.length - 4
  return { sizes, checksum: file.readUInt32BE(end), pieces: [file.subarray(start, end)] }
}

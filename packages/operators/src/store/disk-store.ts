import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { createSnapshotStore, optionError, type SnapshotBackend, type SnapshotStore } from '@rxsse/shared'

/** Bytes of the name of a save. */
const ID_BYTES = 8

/** A store of Node at a path. */
export function createDiskStore(name: string, path: string, open: () => SnapshotBackend): SnapshotStore {
  if (typeof path !== 'string' || path === '') throw optionError(`${name}: path`, 'the path of a file', path)
  return createSnapshotStore({
    name,
    backend: open(),
    crc32,
    createId: () => randomBytes(ID_BYTES).toString('hex'),
    nextTurn,
  })
}

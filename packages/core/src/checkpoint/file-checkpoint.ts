import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A {@link Checkpoint} in a file. */
export interface FileCheckpoint {
  load(): Promise<string | undefined>
  save(id: string): Promise<void>
}

/**
 * Keeps the last event ID in a file of its own, which is replaced as a whole: a process killed at any moment, and a machine that
 * loses power, leave either the id before or the new one. `save` resolves once the id is on the disk. Of several saves that wait
 * for one under way, only the last is written.
 *
 * One process may write to `path`. Beside it, `path.tmp` is used.
 */
export function fileCheckpoint(path: string): FileCheckpoint {
  // The write under way, and the one that comes after it, whose id may still change.
  let current: Promise<void> = Promise.resolve()
  let queued: { id: string; readonly written: Promise<void> } | undefined

  return {
    async load() {
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    save(id) {
      if (queued) {
        queued.id = id
        return queued.written
      }
      const write = (): Promise<void> => {
        queued = undefined
        return replace(path, next.id)
      }
      // A failed save is told to those who asked for it, and is no reason not to try the next.
      const next = { id, written: current.then(write, write) }
      queued = next
      current = next.written
      return next.written
    },
  }
}

/** The file is whole before it takes the other's place, and in its place before this resolves. */
async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

/** The name is the folder's, so it is the folder that has to reach the disk. Windows has no such thing, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

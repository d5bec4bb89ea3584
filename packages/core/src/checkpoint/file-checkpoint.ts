import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A {@link Checkpoint} in a file. */
export interface FileCheckpoint {
  load(): Promise<string | undefined>
  save(id: string): Promise<void>
}

/**
 * Keeps the last event ID in a file of its own. Each save replaces the whole file: if the process is killed or the power fails,
 * the file holds either the old or the new ID. `save` resolves once the ID is on the disk. While a save is in progress, only
 * the last of the saves that wait for it is written.
 *
 * Only one process may write to `path`. `path.tmp` is used as well.
 */
export function fileCheckpoint(path: string): FileCheckpoint {
  // The write in progress, and the next one, whose ID may still change.
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
      // The next save is tried even if this one fails.
      const next = { id, written: current.then(write, write) }
      queued = next
      current = next.written
      return next.written
    },
  }
}

/** Replaces the file with a complete new one. Resolves once the new file is in place. */
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

/** A rename changes the folder, so the folder must reach the disk. Windows has no such call and does not need it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

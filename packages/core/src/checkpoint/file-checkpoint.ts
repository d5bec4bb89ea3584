import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

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
 * Only the user of the process can read the file (mode 0600), because an ID may tell what was read. A save writes to a new file
 * beside it, `path` with a random suffix, and follows no link there. The first save removes those that a killed process left.
 *
 * Only one process may write to `path`.
 */
export function fileCheckpoint(path: string): FileCheckpoint {
  // The write in progress, and the next one, whose ID may still change.
  let current: Promise<void> = Promise.resolve()
  let queued: { id: string; readonly written: Promise<void> } | undefined
  let isTidy = false

  async function write(id: string): Promise<void> {
    if (!isTidy) await removeLeftovers(path)
    isTidy = true
    await replace(path, id)
  }

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
      const start = (): Promise<void> => {
        queued = undefined
        return write(next.id)
      }
      // The next save is tried even if this one fails.
      const next = { id, written: current.then(start, start) }
      queued = next
      current = next.written
      return next.written
    },
  }
}

/** Replaces the file with a complete new one. Resolves once the new file is in place. */
async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    // Fails if anything has that name, a link too.
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(dirname(path))
}

const TEMPORARY_SUFFIX = /^\.[0-9a-f]{16}\.tmp$/

async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path)
  const name = basename(path)
  for (const other of await readdir(folder)) {
    if (other.startsWith(name) && TEMPORARY_SUFFIX.test(other.slice(name.length))) {
      await rm(join(folder, other), { force: true })
    }
  }
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

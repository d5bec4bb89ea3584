import { access, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { removeLeftovers, replaceFile } from '@rxsse/shared/files'

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
 * A line end after the ID is ignored, so that `echo 42 > path` rewinds a reader that is stopped.
 *
 * Only one process may write to `path`. If its folder does not exist, loading and saving reject.
 */
export function fileCheckpoint(path: string): FileCheckpoint {
  // The write in progress, and the next one, whose ID may still change.
  let current: Promise<void> = Promise.resolve()
  let queued: { id: string; readonly written: Promise<void> } | undefined
  let isTidy = false

  async function write(id: string): Promise<void> {
    if (!isTidy) await removeLeftovers(path)
    isTidy = true
    await replaceFile(path, id)
  }

  return {
    async load() {
      try {
        // An ID has no line end. One is left by whoever writes the file by hand, and no request could carry it.
        return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        // Without its folder, such as a volume that is not mounted, nothing is known of the file.
        await access(dirname(path))
        return undefined
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

import { randomBytes } from 'node:crypto'
import { open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces a file by a complete new one that only the user of the process can read (mode 0600). If the process is killed or
 * the power fails, the file is either the old or the new one. Resolves when the new one is on the disk. A failure leaves the
 * old one.
 *
 * It writes to a new file beside it, `path` with a random suffix, and follows no link there.
 */
export async function replaceFile(path: string, content: string | Iterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    // Fails if anything has that name, a link too.
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(content)
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

/** Removes the files that `replaceFile` left beside `path` because the process was killed. */
export async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path)
  const name = basename(path)
  for (const other of await readdir(folder)) {
    if (other.startsWith(name) && TEMPORARY_SUFFIX.test(other.slice(name.length))) {
      await rm(join(folder, other), { force: true })
    }
  }
}

const TEMPORARY_SUFFIX = /^\.[0-9a-f]{16}\.tmp$/

/** A rename changes the folder, so the folder must reach the disk. Windows has no such call and does not need it. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

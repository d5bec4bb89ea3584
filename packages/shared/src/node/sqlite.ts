/**
 * Creates a database file that only its owner can read, and takes the access of others away from
 * an existing one. SQLite gives the files beside it the same mode. Throws if the path is a symbolic
 * link: somebody else may have put it there, to have another file written.
 *
 * `caller` is the function that error messages name. An existing file is not opened: closing it would release the locks that SQLite has on it.
 */
export function makePrivate(path: string, caller: string): void {
  const fs = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:fs')
  if (fs === undefined || path === '' || path === ':memory:' || path.startsWith('file:')) return
  if (fs.lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    // `wx` creates the file, or throws if something is there by now.
    fs.closeSync(fs.openSync(path, 'wx', OWNER_ONLY))
    return
  }
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    const found = fs.lstatSync(file, { throwIfNoEntry: false })
    if (found === undefined) continue
    if (found.isSymbolicLink()) throw new Error(`${caller}: ${file} cannot be used: it is a symbolic link`)
    if ((found.mode & OTHERS) === 0) continue
    try {
      fs.chmodSync(file, OWNER_ONLY)
    } catch {
      // The file belongs to another user, or its file system has no modes.
    }
  }
}

/** node:sqlite, loaded when it is needed, because not every runtime has it. */
export function loadSqlite(caller: string): typeof import('node:sqlite') {
  const sqlite = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:sqlite')
  if (sqlite === undefined) throw new Error(`${caller} needs node:sqlite: Node 22.13 or newer, or Deno 2.2`)
  return sqlite
}

const OWNER_ONLY = 0o600
const OTHERS = 0o077

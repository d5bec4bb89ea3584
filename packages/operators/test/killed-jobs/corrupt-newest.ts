import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Changes a byte of the newest snapshot of a store that nobody uses. Leaves the only snapshot alone: nothing could replace it. */
export function corruptNewest(kind: string, path: string): void {
  if (kind === 'sqlite') corruptRow(path)
  else corruptFile(path)
}

function corruptFile(path: string): void {
  const [newest, other] = [`${path}.1`, `${path}.2`]
    .filter((name) => existsSync(name))
    .map((name) => ({ name, bytes: readFileSync(name) }))
    .sort((a, b) => b.bytes.readDoubleBE(16) - a.bytes.readDoubleBE(16))
  if (newest === undefined || other === undefined) return
  flip(newest.bytes)
  writeFileSync(newest.name, newest.bytes)
}

function corruptRow(path: string): void {
  if (!existsSync(path)) return
  const database = new DatabaseSync(path)
  try {
    const [newest, other] = database
      .prepare('SELECT position, bytes FROM snapshot JOIN piece ON position = first ORDER BY number DESC')
      .all()
    if (!(newest?.bytes instanceof Uint8Array) || other === undefined) return
    flip(newest.bytes)
    database.prepare('UPDATE piece SET bytes = ? WHERE position = ?').run(newest.bytes, newest.position ?? 0)
  } catch (error) {
    // The process was killed before it had made the tables.
    if (!String(error).includes('no such table')) throw error
  } finally {
    database.close()
  }
}

function flip(bytes: Uint8Array): void {
  const at = Math.floor((bytes.length * 2) / 3)
  bytes[at] = (bytes[at] as number) ^ 0x10
}

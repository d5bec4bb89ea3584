import { closeSync, openSync, writeSync } from 'node:fs'

/** Writes a file until the disk is full. */
export function fillDisk(path: string): void {
  const file = openSync(path, 'w')
  for (const piece of [65_536, 4_096, 1]) {
    try {
      while (true) writeSync(file, Buffer.alloc(piece))
    } catch {}
  }
  closeSync(file)
}

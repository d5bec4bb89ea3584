import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder outside of the workspace that goes with this process, whether it is done, fails or is told to end. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `rxsse-${name}-`))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  // By themselves these end a process without its 'exit'. Where a program is awaited they are heard when that has ended.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
  return folder
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Creates a folder outside of the workspace and deletes it when this process exits, fails or gets a signal. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `rxsse-${name}-`))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  // By default a signal emits no 'exit'. While a child program runs synchronously, the signal is handled after it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
  return folder
}

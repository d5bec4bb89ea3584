import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Creates a folder outside of the workspace and deletes it when this process exits, fails or gets a signal. */
export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `rxsse-${name}-`))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  exitOnSignal()
  return folder
}

/** By default a signal emits no 'exit'. While a child program runs synchronously, the signal is handled after it. */
export function exitOnSignal() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
}

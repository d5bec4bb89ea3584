// Saves one snapshot after another, until it is killed. Tells its parent what it loaded and each number that is saved.
// Arguments: the kind of store, its path, the bytes of a snapshot.
import { flushCompileCache } from 'node:module'
import { fileStore } from '../src/store/file-store.ts'
import { sqliteStore } from '../src/store/sqlite-store.ts'
import { createTestSnapshot, findFault } from './test-snapshot.ts'

// It may be killed, and would not save it then.
flushCompileCache()

export type SavedReport =
  | {
      readonly loaded: number
      readonly fault?: string | undefined
      readonly damaged?: readonly string[] | undefined
    }
  | { readonly saved: number }

const [kind = '', path = '', size = ''] = process.argv.slice(2)
const bytes = Number(size)
const store = kind === 'sqlite' ? sqliteStore({ path }) : fileStore({ path })
const tell = (report: SavedReport) => process.send?.(report)
process.on('disconnect', () => process.exit())

const last = await store.load()
tell({ loaded: last?.number ?? 0, damaged: last?.damaged, fault: last && findFault(last, bytes) })
for (let number = (last?.number ?? 0) + 1; ; number++) {
  await store.save(createTestSnapshot(number, bytes))
  tell({ saved: number })
}

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CHILD_ENV } from '../../test/child-env.ts'
import type { SavedReport } from '../../test/save-forever.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { findFault } from '../../test/test-snapshot.ts'
import { fileStore } from './file-store.ts'
import { sqliteStore } from './sqlite-store.ts'

const program = fileURLToPath(new URL('../../test/save-forever.ts', import.meta.url))

/** Runs a process that saves, until it is killed some time after `saves` saves. Returns what it said. */
async function runUntilKilled(args: readonly string[], saves: number, delay: number) {
  const child = fork(program, args, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: CHILD_ENV,
  })
  const result = {
    loaded: 0,
    saved: 0,
    fault: undefined as string | undefined,
    damaged: [] as readonly string[],
  }
  let count = 0
  child.on('message', (report: SavedReport) => {
    if ('saved' in report) {
      result.saved = report.saved
      count++
    } else Object.assign(result, { ...report, damaged: report.damaged ?? [] })
    if (count === saves) setTimeout(() => child.kill('SIGKILL'), delay)
  })
  await once(child, 'exit')
  return result
}

describe('a process that is killed while it saves', () => {
  it.concurrent.for([
    ['file', 20_000],
    ['file', 3_000_000],
    ['sqlite', 20_000],
    ['sqlite', 3_000_000],
  ] as const)(
    'loses nothing that was saved, with a %s store and snapshots of %i bytes',
    async ([kind, bytes], { onTestFinished }) => {
      const path = join(temporaryFolder(onTestFinished), 'job')
      let saved = 0
      for (let life = 0; life < 5; life++) {
        const result = await runUntilKilled([kind, path, `${bytes}`], life % 4, (life * 7) % 23)
        // A snapshot may be complete without the process having heard of it.
        expect(result.loaded === saved || result.loaded === saved + 1).toBe(true)
        expect(result).toMatchObject({ fault: undefined, damaged: [] })
        saved = Math.max(result.loaded, result.saved)
      }
      const store = kind === 'sqlite' ? sqliteStore({ path }) : fileStore({ path })
      const last = await store.load()
      await store.close?.()
      expect(last?.number).toBeGreaterThanOrEqual(saved)
      expect(last && findFault(last, bytes)).toBeUndefined()
    },
  )
})

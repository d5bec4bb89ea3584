import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveFeeds } from '../../test/killed-jobs/feed-server.ts'
import { type KilledRun, runKilled } from '../../test/killed-jobs/run.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'

const EVENTS = 300
const seed = Number(process.env.PATH_SEED ?? Math.floor(Math.random() * 1e9))
const folder = temporaryFolder(afterAll)
let jobs = 0
let server: Awaited<ReturnType<typeof serveFeeds>>
let expected: ReadonlyMap<string, unknown>

/** Random numbers that follow from the seed: the fractions of a rotation. */
function createRandom(): () => number {
  let n = seed
  return () => (++n * 0.618_033_988_749_895) % 1
}

const run = (options: Pick<KilledRun, 'kind' | 'kills' | 'fault'>) =>
  runKilled({
    url: server.url,
    feeds: 1,
    path: join(folder, `job${jobs++}`),
    random: createRandom(),
    ...options,
  })

beforeAll(async () => {
  server = await serveFeeds(EVENTS)
  expected = (await run({ kind: 'file', kills: 0 })).log
}, 60_000)
afterAll(() => server.close())

describe(`a job whose process is killed with SIGKILL, seed ${seed}`, () => {
  it.each([
    ['file', 'no other fault'],
    ['sqlite', 'no other fault'],
    ['file', 'damaged snapshots'],
  ] as const)(
    'delivers each result once, with a %s store and %s',
    async (kind, fault) => {
      expect(expected.size).toBeGreaterThan(EVENTS)
      const { log, restored } = await run({
        kind,
        kills: 4,
        ...(fault === 'damaged snapshots' && { fault: 'corrupt' }),
      })
      expect(restored).toBeGreaterThan(0)
      expect([...log].sort()).toEqual([...expected].sort())
    },
    60_000,
  )
})

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { onSmallDisk, startRedisServer } from '@rxsse/testing/programs'
import { serveFeeds } from './feed-server.ts'
import { type KilledRun, runKilled } from './run.ts'

const USAGE = `Kills a job with SIGKILL at random moments, until its streams end, and compares its log with that of an uninterrupted run.

  node test/killed-jobs/main.ts [--store file] [--feeds 1] [--kills 100] [--lives 12] [--streams 4]
    [--seconds 60] [--seed 1] [--fault corrupt]

  --store    file, sqlite or redis
  --feeds    1 or 2
  --kills    how many in all
  --lives    kills of one job, from its first event to the last
  --streams  jobs at a time
  --seconds  after these no further job starts; default: any number
  --fault    corrupt: the newest snapshot is damaged now and then; full: the disk is full now and then
`

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'file' },
    feeds: { type: 'string', default: '1' },
    kills: { type: 'string', default: '100' },
    lives: { type: 'string', default: '12' },
    streams: { type: 'string', default: '4' },
    seconds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    fault: { type: 'string' },
    folder: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const EVENTS = 400

if (values.help) process.stdout.write(USAGE)
else if (values.fault === 'full' && values.folder === undefined) runOnSmallDisk()
else process.exit((await runAll()) ? 0 : 1)

/** A disk that is full fails this program alone. */
function runOnSmallDisk(): void {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-'))
  const command = onSmallDisk(folder, 8 * 2 ** 20, [...process.argv, '--folder', folder])
  if (command === undefined) throw new Error('a small disk needs the permission to mount one')
  const [program, ...args] = command
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  rmSync(folder, { recursive: true })
  process.exit(status ?? 1)
}

async function runAll(): Promise<boolean> {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'rxsse-'))
  const redis = values.store === 'redis' ? await startRedisServer() : undefined
  const server = await serveFeeds(EVENTS)
  const total = Number(values.kills)
  const sums = { runs: 0, kills: 0, restored: 0, damaged: 0, failedSaves: 0, repeated: 0, wrong: 0 }
  let jobs = 0
  const createRun = (kills: number, seed: number): KilledRun => {
    const name = `job${jobs++}`
    return {
      url: server.url,
      feeds: values.feeds === '2' ? 2 : 1,
      kind: values.store,
      path: redis === undefined ? join(folder, name) : `${redis.url}#${name}`,
      kills,
      random: createRandom(seed),
      ...((values.fault === 'corrupt' || values.fault === 'full') && kills > 0 && { fault: values.fault }),
    }
  }
  const expected = (await runKilled(createRun(0, 0))).log
  const startedAt = performance.now()
  const work = async () => {
    while (sums.kills < total && performance.now() - startedAt < Number(values.seconds) * 1000) {
      const seed = Number(values.seed) + sums.runs++
      const run = createRun(Number(values.lives), seed)
      const { log, ...counts } = await runKilled(run)
      for (const [name, count] of Object.entries(counts)) sums[name as keyof typeof counts] += count
      if (values.fault !== 'full')
        for (const end of ['', '.1', '.2', '-wal']) rmSync(run.path + end, { force: true })
      if (isSame(log, expected)) continue
      sums.wrong++
      console.error(`seed ${seed}: ${log.size} results, not ${expected.size}`)
      for (const [id, value] of expected)
        if (!isDeepStrictEqual(log.get(id), value)) console.error('expected', id, value, log.get(id))
    }
  }
  await Promise.all(Array.from({ length: Number(values.streams) }, work))
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  console.log(JSON.stringify({ ...values, results: expected.size, seconds, ...sums }))
  server.close()
  await redis?.[Symbol.asyncDispose]()
  if (values.folder === undefined) rmSync(folder, { recursive: true })
  return sums.wrong === 0
}

/** With two feeds the ids depend on the order in which their events meet. */
function isSame(log: ReadonlyMap<string, unknown>, expected: ReadonlyMap<string, unknown>): boolean {
  if (values.feeds === '1') return isDeepStrictEqual(log, expected)
  const sort = (results: ReadonlyMap<string, unknown>) => [...results.values()].map(describe).sort()
  return isDeepStrictEqual(sort(log), sort(expected))
}

function describe(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each))
}

function createRandom(seed: number): () => number {
  let n = 0
  return () => createHash('sha256').update(`${seed} ${n++}`).digest().readUInt32BE() / 2 ** 32
}

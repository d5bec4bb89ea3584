import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
// The measured process is a program, so it must be built.
import { measureSuite } from '../../dist/harness/measure.js'
import { suite as broken } from '../../test/broken.suite.ts'
import { suite } from '../../test/tiny.suite.ts'

const module = new URL('../../test/tiny.suite.ts', import.meta.url)
const brokenModule = new URL('../../test/broken.suite.ts', import.meta.url)

it('every round measures each contender once, without the warm-up, and starts at another one', async () => {
  const steps: string[] = []
  const { results } = await measureSuite(module, suite, {
    rounds: 2,
    quick: false,
    onStep: (round, contender) => steps.push(`${round} ${contender}`),
  })
  expect(steps).toEqual(['0 short', '0 long', '0 idle', '1 long', '1 idle', '1 short'])
  const [short, long, idle] = ['short', 'long', 'idle'].map((name) => results.get(name) ?? [])
  for (const [measured, wall] of [
    [short, 100],
    [long, 300],
  ] as const) {
    expect(measured).toHaveLength(2)
    // The second run of a new process is the measurement; the first is the warm-up.
    for (const run of measured ?? []) {
      expect(run.extra).toEqual({ runs: 2, operations: 200 })
      expect(run.wall).toBeGreaterThanOrEqual(wall)
    }
  }
  // CPU time counts, so waiting costs nothing.
  for (const run of idle ?? []) expect(run.cpu).toBeLessThan(run.wall / 2)
})

it('a quick run does fewer operations', async () => {
  const { results } = await measureSuite(module, suite, { rounds: 1, quick: true, onStep() {} })
  expect(results.get('short')?.[0]?.extra).toEqual({ runs: 2, operations: 20 })
})

it('after its time limit a suite starts no further round beyond the minimum', async () => {
  const roundsWithin = async (seconds: number) => {
    const options = { rounds: 3, within: { seconds, least: 2 }, quick: true, onStep() {} }
    return (await measureSuite(module, suite, options)).results.get('short')?.length
  }
  expect(await roundsWithin(0)).toBe(2)
  expect(await roundsWithin(3600)).toBe(3)
})

it('a contender that fails is not measured again, and the others continue', async () => {
  const steps: string[] = []
  const { results, failures } = await measureSuite(brokenModule, broken, {
    rounds: 2,
    quick: true,
    onStep: (round, contender) => steps.push(`${round} ${contender}`),
  })
  expect(steps).toEqual(['0 broken', '0 sound', '1 sound'])
  expect(failures).toEqual(new Map([['broken', 'its process ended with 1']]))
  expect(results.get('broken')).toEqual([])
  expect(results.get('sound')).toHaveLength(2)
})

const run = promisify(execFile)
const program = new URL('../../dist/main.js', import.meta.url).pathname

it('the command lists the suites by folder and file', async () => {
  const { stdout } = await run(process.execPath, [program, '--list', 'core'])
  expect(stdout).toMatch(/^core\/receiving-batched\ncore\/receiving-single\n/m)
})

it('the command measures real clients and prints a table', async () => {
  const { stdout } = await run(process.execPath, [
    program,
    '--',
    '--quick',
    '--rounds',
    '1',
    'receiving-batched',
  ])
  expect(stdout).toMatch(/^\| @rxsse\/core +\|.* \d/m)
  expect(stdout).toMatch(/^\| fetch-event-source +\|.* \d/m)
  expect(stdout).toMatch(/^- @rxsse\/core at most 0\.80 of eventsource-client: /m)
})

it('--beside measures our contenders with the packages of both checkouts', async () => {
  const checkout = new URL('../../../../', import.meta.url).pathname
  const { stdout } = await run(process.execPath, [
    program,
    ...['--quick', '--rounds', '1', '--beside', checkout, 'pass-through'],
  ])
  expect(stdout).toMatch(/^\| data +\| +\d\S* \| +\d\S* \| +\d\S* \(.*\) \|$/m)
  expect(stdout).not.toContain('RxJS map')
})

it('--beside needs a built checkout', async () => {
  await expect(run(process.execPath, [program, '--beside', '/nowhere'])).rejects.toMatchObject({
    stderr: '--beside must be a built checkout of rxsse, not "/nowhere"\n',
  })
})

it('the command measures the others if a contender fails, reports it, and exits with 1', async () => {
  const outcome = run(process.execPath, [program, '--quick', '--rounds', '1', 'redis/fan-out-1'], {
    env: { ...process.env, REDIS_SERVER_PATH: '/nothing/here' },
  })
  await expect(outcome).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /^\| redisLog +\| +\| +failed \|.*^\| memoryLog +\| +\| +\d.*^- redisLog failed: its process ended with 1$/ms,
    ),
    stderr: expect.stringMatching(/^Failed:\n- redis\/fan-out-1: redisLog$/m),
  })
})

it('a wrong flag or name is reported in one line', async () => {
  await expect(run(process.execPath, [program, '--rounds', 'x'])).rejects.toMatchObject({
    stderr: '--rounds must be an integer from 1, not "x"\n',
  })
  await expect(run(process.execPath, [program, 'nothing'])).rejects.toMatchObject({
    stderr: expect.stringMatching(
      /^no suite has a name like nothing; the suites are .*core\/receiving-batched, .*\n$/,
    ),
  })
})

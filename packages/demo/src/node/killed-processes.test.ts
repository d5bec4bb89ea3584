import { once } from 'node:events'
import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { fromEventSource, type SseEvent } from '@rxsse/core'
import { filter, firstValueFrom, map, ReplaySubject, Subject, timeout } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Redis, redisPath, startRedis } from '../../../redis/test/redis.ts'
import { runDemo, type StartedDemo, startDemo } from '../../test/started-demo.ts'
import { loadTimeline } from '../feed/timeline.ts'
import type { Messages } from '../messages/messages.ts'
import { createReplayPipeline } from '../pipeline/replay-pipeline.ts'

const SPEED = ['--speed', '36000']

/** The results of an uninterrupted run over the feed's first events. */
function computeResults(events: number): unknown[] {
  const timeline = loadTimeline()
  const source = new Subject<SseEvent>()
  const results: unknown[] = []
  createReplayPipeline(source).results.subscribe((result) => results.push(result))
  for (let id = 1; id <= events; id++) source.next({ ...timeline.at(id), lastEventId: String(id) })
  return results
}

/** Kills the processes in turn, while a client reads all results. */
async function killInTurn(demo: StartedDemo, url: string, names: readonly string[]): Promise<void> {
  const results: unknown[] = []
  const statuses = new ReplaySubject<Messages['status']>(1)
  const gaps: unknown[] = []
  const reading = fromEventSource(`${url}/sse?lastEventId=earliest`, {
    reconnect: { initialDelay: '100ms', maxServerDelay: '100ms', factor: 1 },
    // A connection that a killed worker was about to get is never answered.
    timeouts: { head: '10s', idle: '20s' },
  }).subscribe(({ type, data }) => {
    if (type === 'status') statuses.next(JSON.parse(data))
    else if (type === 'gap') gaps.push(data)
    else if (type !== 'node') results.push({ type, data: JSON.parse(data) })
  })
  const nextStatus = (isWanted: (status: Messages['status']) => boolean) =>
    firstValueFrom(statuses.pipe(filter(isWanted), timeout(60_000)))

  let status = await nextStatus(({ counts, job }) => counts.in > 50 && (job?.saved?.snapshot ?? 0) > 0)
  for (const name of names) {
    const { counts, job } = status
    const killed = await demo.killProcess(name)
    status = await nextStatus((next) => next.job?.pid !== killed && next.counts.in > counts.in + 20)
    if (killed === job?.pid) expect(status.job?.restored?.snapshot).toBeGreaterThan(0)
  }
  // Results are published one after the other, and may be behind the status that counts them.
  await expect.poll(() => results.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(status.counts.out)
  reading.unsubscribe()
  const { counts } = status
  expect(counts).toMatchObject({ missed: 0, repeated: 0 })
  expect(gaps).toEqual([])
  expect(results.slice(0, counts.out)).toEqual(computeResults(counts.in))
}

/** Whichever worker answers, the inspector shows the pipeline of the primary, and the sink of each worker. */
async function inspectWorkers(url: string): Promise<void> {
  for (let n = 0; n < 2; n++) {
    const samples = fromEventSource(`${url}/inspector`, { events: ['sample'] }).pipe(
      map(({ data }) => JSON.parse(data)),
      filter(({ sinks }) => sinks?.length === 2),
      timeout(60_000),
    )
    const { sinks, pipelines, sources, jobs } = await firstValueFrom(samples)
    expect(sinks).toMatchObject([{ name: 'worker 1 of 2' }, { name: 'worker 2 of 2' }])
    expect([pipelines, sources, jobs].map(({ length }) => length > 0)).toEqual([true, true, true])
  }
  const { port } = new URL(url)
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  for (const { address, family, internal } of addresses) {
    if (family !== 'IPv4') continue
    // The socket of an address that is not the loopback is that of any other machine.
    const asked = request({ host: address, port, path: '/inspector', headers: { host: 'localhost' } }).end()
    const [answer] = await once(asked, 'response')
    answer.resume()
    expect([address, answer.statusCode]).toEqual([address, internal ? 200 : 403])
  }
}

describe('whichever process is killed, the counts are exact and a client gets each result once', () => {
  it('with workers', async () => {
    await using demo = await startDemo(...SPEED, '--workers', '2')
    await inspectWorkers(demo.url)
    await killInTurn(demo, demo.url, ['Worker 1', 'The feed', 'The pipeline'])
  })

  describe.skipIf(redisPath === undefined)('with nodes', () => {
    let redis: Redis
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis?.close())

    it('of which another one takes the pipeline over', async () => {
      await using demo = await startDemo(...SPEED, '--nodes', '2', '--redis', redis.url)
      await killInTurn(demo, demo.nodeUrl(2), ['Node 1', 'Node 2'])
    })
  })
})

it('fails with one line without the password and status 1 if Redis is unavailable', async () => {
  const { status, output, errors } = await runDemo('--port', '0', '--redis', 'redis://:secret@127.0.0.1:1')
  expect({ status, output }).toEqual({ status: 1, output: '' })
  expect(errors).toMatch(/^rxsse: --redis: cannot use Redis at 127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/)
  expect(errors).not.toContain('secret')
})

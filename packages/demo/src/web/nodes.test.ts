import { fromEventSource, type SseEvent } from '@rxsse/core'
import { firstValueFrom, take, tap, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Redis, redisPath, startRedis } from '../../../redis/test/redis.ts'
import { runDemo, startDemo } from '../../test/started-demo.ts'

describe.skipIf(redisPath === undefined)('nodes that share a Redis', () => {
  let redis: Redis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis?.close())

  it('send the same events with the same ids, even if the serving node is killed', async () => {
    await using demo = await startDemo('--redis', redis.url, '--nodes', '2', '--speed', '36000')
    const [other] = demo.otherNodes
    if (other === undefined) throw new Error('expected the demo to name its second node')
    const snapshot = await (await fetch(`${other.url}/snapshot.json`)).json()

    const read = (url: string, seen: (event: SseEvent, index: number) => void = () => {}) => {
      let index = 0
      return firstValueFrom(
        fromEventSource(`${url}/sse/page`, {
          lastEventId: snapshot.lastEventId,
          // Leaves out the sink's own gap events.
          events: ['price', 'quakes'],
        }).pipe(
          tap((event) => seen(event, index++)),
          take(300),
          toArray(),
        ),
      )
    }
    const killed = read(other.url, (_event, index) => {
      if (index === 10) process.kill(other.pid, 'SIGKILL')
    })
    expect(await killed).toEqual(await read(demo.url))
  })

  it('fail with one line without the password and status 1 if Redis is unavailable', async () => {
    const { status, output, errors } = await runDemo('--port', '0', '--redis', 'redis://:secret@127.0.0.1:1')
    expect({ status, output }).toEqual({ status: 1, output: '' })
    expect(errors).toMatch(/^rxsse: --redis: cannot use Redis at 127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/)
    expect(errors).not.toContain('secret')
  })
})

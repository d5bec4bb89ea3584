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

  it('tell the same events under the same ids, over the death of the one that tells them', async () => {
    await using demo = await startDemo('--redis', redis.url, '--nodes', '2', '--speed', '36000')
    const [other] = demo.otherNodes
    if (other === undefined) throw new Error('expected the demo to name its second node')
    const snapshot = await (await fetch(`${other.url}/snapshot.json`)).json()

    const read = (url: string, seen: (event: SseEvent, index: number) => void = () => {}) => {
      let index = 0
      return firstValueFrom(
        fromEventSource(`${url}/sse/page`, {
          lastEventId: snapshot.lastEventId,
          // Its sink's notices of a gap come too, and would be told apart from the other's events.
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

  it('are asked for in vain where there is no Redis: one clear line, without the password, and status 1', async () => {
    const { status, output, errors } = await runDemo('--port', '0', '--redis', 'redis://:secret@127.0.0.1:1')
    expect({ status, output }).toEqual({ status: 1, output: '' })
    expect(errors).toMatch(/^rxsse: --redis: no use of Redis at 127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/)
    expect(errors).not.toContain('secret')
  })
})

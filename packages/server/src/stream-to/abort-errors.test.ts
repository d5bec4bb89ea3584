import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { Observable } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { expectIdle } from '../../test/idle.ts'
import { type StreamOptions, streamTo } from './stream-to.ts'

/** As the SDKs of language models have it. */
class APIUserAbortError extends Error {}

const whenAborted = (signal: AbortSignal, then: () => void) => signal.addEventListener('abort', then)

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  async function leaveEarly(project: Parameters<typeof streamTo<SseMessage>>[0]) {
    const errors: unknown[] = []
    let asked = 0
    const endpoint = streamTo<SseMessage>(
      (...args) => {
        asked++
        return project(...args)
      },
      { head: 'first-event', onError: (error) => errors.push(error) },
    )
    onTestFinished(() => endpoint.close())
    const url = await mount(endpoint)
    const leaving = new AbortController()
    const gone = open(url, { signal: leaving.signal }).catch(() => {})
    await expect.poll(() => asked).toBe(1)
    leaving.abort()
    await gone
    await expectIdle(endpoint)
    await sleep(5)
    return { errors, endpoint }
  }

  it.each<[string, Error, number]>([
    ['AbortError', new DOMException('aborted', 'AbortError'), 0],
    ['APIUserAbortError', new APIUserAbortError('aborted'), 0],
    ['the code ERR_CANCELED', Object.assign(new Error('canceled'), { code: 'ERR_CANCELED' }), 0],
    ['another error', new Error('broken'), 1],
  ])(
    'an error of work whose client has left is told unless it is an abort: %s',
    async (_name, error, times) => {
      const { errors } = await leaveEarly(
        ({ signal }) => new Promise<never>((_resolve, reject) => whenAborted(signal, () => reject(error))),
      )
      expect(errors).toEqual(Array(times).fill(error))
    },
  )

  it('a pipeline that fails at once because its client left before the head is no error', async () => {
    const { errors, endpoint } = await leaveEarly(
      ({ signal }) =>
        new Observable((subscriber) => whenAborted(signal, () => subscriber.error(new Error('stopped')))),
    )
    expect(errors).toEqual([])
    expect(endpoint.stats().sourceErrors).toBe(0)
  })

  it.each<[NonNullable<StreamOptions['whenGone']>, number]>([
    ['unsubscribe', 0],
    ['finish', 1],
  ])(
    'a pipeline that fails because its client left is an error only if it goes on, with whenGone %s',
    async (whenGone, times) => {
      const errors: unknown[] = []
      const endpoint = streamTo<SseMessage>(
        ({ signal }) =>
          new Observable((subscriber) => {
            subscriber.next({ data: 1 })
            whenAborted(signal, () => subscriber.error(new Error('stopped')))
          }),
        { whenGone, onError: (error) => errors.push(error) },
      )
      onTestFinished(() => endpoint.close())
      const reader = await open(await mount(endpoint))
      await reader.take(1)
      reader.close()
      await expectIdle(endpoint)
      await sleep(5)
      expect(errors).toHaveLength(times)
    },
  )
})

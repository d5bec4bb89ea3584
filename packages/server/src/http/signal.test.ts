import { setTimeout as sleep } from 'node:timers/promises'
import type { SseMessage } from '@rxsse/shared'
import { NEVER } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ADAPTERS } from '../../test/adapters.ts'
import { expectIdle } from '../../test/idle.ts'
import type { AccessDecision } from '../access/access.ts'
import { createSink } from '../sink/sink.ts'
import { streamTo } from '../stream-to/stream-to.ts'
import type { SinkRequest } from './request.ts'

describe.each(ADAPTERS)('over $name', ({ mount, open }) => {
  it.each([
    ['a sink', 'at once'],
    ['a sink', 'later'],
    ['streamTo', 'at once'],
    ['streamTo', 'later'],
  ])(
    'the signal of a request to %s aborts when its client leaves, if access decides %s',
    async (what, when) => {
      const signals: AbortSignal[] = []
      const access = ({ signal }: SinkRequest): AccessDecision | Promise<AccessDecision> => {
        signals.push(signal)
        return when === 'later' ? sleep(1).then(() => ({ allow: true })) : { allow: true }
      }
      const endpoint =
        what === 'a sink' ? createSink({ access }) : streamTo<SseMessage>(() => NEVER, { access })
      onTestFinished(() => endpoint.close())
      const reader = await open(await mount(endpoint))
      await expect.poll(() => endpoint.stats().connections).toBe(1)
      await sleep(5)
      expect(signals.map(({ aborted }) => aborted)).toEqual([false])
      reader.close()
      await expect.poll(() => signals.map(({ aborted }) => aborted)).toEqual([true])
      await expectIdle(endpoint)
    },
  )
})

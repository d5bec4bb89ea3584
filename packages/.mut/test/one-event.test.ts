import type * as core from '@rxsse/core'
import type * as server from '@rxsse/server'
import { expectTypeOf, it } from 'vitest'
import type { Duration, FlowGate, SseEvent, SseMessage } from '../src/index.ts'

it('has the same types of event, message and duration as the other packages', () => {
  expectTypeOf<SseEvent>().toEqualTypeOf<core.SseEvent>()
  expectTypeOf<SseEvent<number, 'a'>>().toEqualTypeOf<core.SseEvent<number, 'a'>>()
  expectTypeOf<SseMessage>().toEqualTypeOf<server.SseMessage>()
  expectTypeOf<Duration>().toEqualTypeOf<core.Duration>()
  expectTypeOf<Duration>().toEqualTypeOf<server.Duration>()
  expectTypeOf<core.FlowGate>().toExtend<FlowGate>()
  expectTypeOf<MessageEvent>().toExtend<SseEvent>()
})

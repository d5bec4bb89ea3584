import type { Observable } from 'rxjs'
import { expectTypeOf, it } from 'vitest'
import {
  type Checkpoint,
  type ConnectionState,
  type FileCheckpoint,
  type FlowGate,
  fromEventSource,
  type Gate,
  iterateEventSource,
  type SseEvent,
  type StorageCheckpoint,
} from '../index.ts'
import * as web from '../web.ts'

it('a MessageEvent of a browser fits an SseEvent', () => {
  interface BrowserMessageEvent {
    readonly type: string
    readonly data: string
    readonly lastEventId: string
    readonly origin: string
  }
  expectTypeOf<BrowserMessageEvent>().toExtend<SseEvent>()
})

it('events narrow the type, and leave room for notices', () => {
  expectTypeOf(fromEventSource('http://a')).toEqualTypeOf<Observable<SseEvent>>()
  expectTypeOf(fromEventSource('http://a', { events: ['price', 'alert'] })).toEqualTypeOf<
    Observable<SseEvent<string, 'price' | 'alert' | 'gap' | 'lagged'>>
  >()
  expectTypeOf(iterateEventSource('http://a', { events: ['price'] })).toEqualTypeOf<
    AsyncIterableIterator<SseEvent<string, 'price' | 'gap' | 'lagged'>, undefined>
  >()
})

it('status discriminates the state', () => {
  const describe = (state: ConnectionState): string | number => {
    switch (state.status) {
      case 'connecting':
        return state.url
      case 'open':
        return state.httpStatus
      case 'waiting':
        return state.delay
      case 'closed':
        return String(state.reason)
      default:
        return state satisfies never
    }
  }
  expectTypeOf(describe).returns.toEqualTypeOf<string | number>()
})

it('durations are checked by the compiler', () => {
  fromEventSource('http://a', { timeouts: { connect: '30s', idle: 1500 } })
  // @ts-expect-error: no unit
  const noUnit = () => fromEventSource('http://a', { timeouts: { connect: '30' } })
  // @ts-expect-error: an unknown unit
  const unknownUnit = () => fromEventSource('http://a', { timeouts: { connect: '1 week' } })
  expectTypeOf(noUnit).toBeFunction()
  expectTypeOf(unknownUnit).toBeFunction()
})

it('both entries have the same functions', () => {
  expectTypeOf(web.fromEventSource).toEqualTypeOf(fromEventSource)
  expectTypeOf(web.iterateEventSource).toEqualTypeOf(iterateEventSource)
})

it('checkpoints and gates fit the options', () => {
  expectTypeOf<FileCheckpoint>().toExtend<Checkpoint>()
  expectTypeOf<StorageCheckpoint>().toExtend<Checkpoint>()
  expectTypeOf<FlowGate>().toExtend<Gate>()
})

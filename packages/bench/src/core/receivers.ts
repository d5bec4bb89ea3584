import { fetchEventSource } from '@microsoft/fetch-event-source'
import { fromEventSource } from '@rxsse/core'
import { EventSource } from 'eventsource'
import { createEventSource } from 'eventsource-client'
import { createParser } from 'eventsource-parser'
import { Agent, request, EventSource as UndiciEventSource } from 'undici'
import { type OtherSide, startOtherSide } from '../harness/other-side.ts'
import type { Contender, Target } from '../harness/suite.ts'
import type { SenderOptions } from './sender.ts'

/**
 * Creates all measured clients. `eventsPerChunk` is the number of events in a chunk of the transfer coding: 80 as from a
 * server that batches, or 1 as from a server that writes each event by itself.
 */
export function createReceivers(eventsPerChunk: number): Contender[] {
  return [
    createReceiver('@rxsse/core', eventsPerChunk, (url, onEvent) => {
      const subscription = fromEventSource(url).subscribe(onEvent)
      return () => subscription.unsubscribe()
    }),
    createReceiver('eventsource-client', eventsPerChunk, (url, onEvent) => {
      const source = createEventSource({ url, onMessage: onEvent })
      return () => source.close()
    }),
    createReceiver('eventsource', eventsPerChunk, (url, onEvent) => {
      const source = new EventSource(url)
      source.onmessage = onEvent
      return () => source.close()
    }),
    createReceiver('undici EventSource', eventsPerChunk, (url, onEvent) => {
      const source = new UndiciEventSource(url)
      source.onmessage = onEvent
      return () => source.close()
    }),
    createReceiver('fetch-event-source', eventsPerChunk, (url, onEvent) => {
      // It needs a browser's `window` for timers and `document` for visibility events.
      Object.assign(globalThis, { window: globalThis, document: { removeEventListener() {} } })
      const controller = new AbortController()
      void fetchEventSource(url, {
        fetch,
        openWhenHidden: true,
        signal: controller.signal,
        onmessage: onEvent,
      })
      return () => controller.abort()
    }),
    createReceiver(BARE_PARSER, eventsPerChunk, (url, onEvent) => {
      const parser = createParser({ onEvent })
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      return readBody(url, (bytes) => parser.feed(decoder.decode(bytes, { stream: true })))
    }),
    createReceiver('undici dispatch + eventsource-parser, bare', eventsPerChunk, (url, onEvent) => {
      const parser = createParser({ onEvent })
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      return dispatchBody(url, (bytes) => parser.feed(decoder.decode(bytes, { stream: true })))
    }),
    createBodyReader(eventsPerChunk),
  ]
}

const BARE_PARSER = 'undici + eventsource-parser, bare'

export const TARGETS: readonly Target[] = [
  { contender: '@rxsse/core', against: 'eventsource-client', atMost: 0.8 },
  { contender: '@rxsse/core', against: BARE_PARSER, atMost: 1.15 },
]

type Connect = (url: string, onEvent: (event: { readonly data: string }) => void) => () => void

/** A client that is closed after the last event. It reads the data of each event, as a pipeline does. */
function createReceiver(name: string, eventsPerChunk: number, connect: Connect): Contender {
  return {
    name,
    async prepare() {
      const sender = await startSender(eventsPerChunk)
      return {
        run: (operations) =>
          new Promise((resolve) => {
            let left = operations
            let characters = 0
            const close = connect(`${sender.ready}?events=${operations}`, ({ data }) => {
              characters += data.length
              if (--left > 0) return
              if (characters < operations * 100) throw new Error('the events are shorter than those sent')
              close()
              resolve()
            })
          }),
        stop: () => sender.stop(),
      }
    },
  }
}

/** The lower bound for every client: it reads the same bytes and does nothing with them. */
function createBodyReader(eventsPerChunk: number): Contender {
  return {
    name: 'reading the body alone',
    async prepare() {
      const sender = await startSender(eventsPerChunk)
      return {
        async run(operations) {
          const { body } = await request(`${sender.ready}?events=${operations}`)
          let bytes = 0
          body.on('data', (chunk: Buffer) => {
            bytes += chunk.length
          })
          await new Promise((resolve) => body.on('end', resolve))
          if (bytes < operations * 100) throw new Error('the body is shorter than what was sent')
        },
        stop: () => sender.stop(),
      }
    },
  }
}

function readBody(url: string, onData: (bytes: Buffer) => void): () => void {
  const controller = new AbortController()
  void request(url, { signal: controller.signal }).then(({ body }) => {
    body.on('data', onData)
    // Closing it by abort emits an error.
    body.on('error', () => {})
  })
  return () => controller.abort()
}

function dispatchBody(url: string, onData: (bytes: Buffer) => void): () => void {
  const agent = new Agent()
  const { origin, pathname, search } = new URL(url)
  let close = (): void => {}
  agent.dispatch(
    { origin, path: pathname + search, method: 'GET' },
    {
      onRequestStart(controller) {
        close = () => controller.abort(new Error('enough'))
      },
      // undici requires all four methods.
      onResponseStart() {},
      onResponseData: (_, chunk) => onData(chunk),
      onResponseEnd() {},
      onResponseError() {},
    },
  )
  return () => close()
}

function startSender(eventsPerChunk: number): Promise<OtherSide<string, never, never>> {
  const options: SenderOptions = { eventsPerChunk }
  return startOtherSide(new URL('./sender.js', import.meta.url), options)
}

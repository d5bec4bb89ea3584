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
 * Every client under measurement. `eventsAChunk` is how many events share a chunk of the transfer coding: 80, as a server that batches
 * sends them, or 1, as one that writes each by itself.
 */
export function receivers(eventsAChunk: number): Contender[] {
  return [
    receiver('@rxsse/core', eventsAChunk, (url, onEvent) => {
      const subscription = fromEventSource(url).subscribe(onEvent)
      return () => subscription.unsubscribe()
    }),
    receiver('eventsource-client', eventsAChunk, (url, onEvent) => {
      const source = createEventSource({ url, onMessage: onEvent })
      return () => source.close()
    }),
    receiver('eventsource', eventsAChunk, (url, onEvent) => {
      const source = new EventSource(url)
      source.onmessage = onEvent
      return () => source.close()
    }),
    receiver('undici EventSource', eventsAChunk, (url, onEvent) => {
      const source = new UndiciEventSource(url)
      source.onmessage = onEvent
      return () => source.close()
    }),
    receiver('fetch-event-source', eventsAChunk, (url, onEvent) => {
      // It is for browsers alone: `window` has its timers, `document` its visibility events.
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
    receiver(bareParser, eventsAChunk, (url, onEvent) => {
      const parser = createParser({ onEvent })
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      return readBody(url, (bytes) => parser.feed(decoder.decode(bytes, { stream: true })))
    }),
    receiver('undici dispatch + eventsource-parser, bare', eventsAChunk, (url, onEvent) => {
      const parser = createParser({ onEvent })
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      return dispatchBody(url, (bytes) => parser.feed(decoder.decode(bytes, { stream: true })))
    }),
    bodyAlone(eventsAChunk),
  ]
}

const bareParser = 'undici + eventsource-parser, bare'

export const targets: readonly Target[] = [
  { contender: '@rxsse/core', against: 'eventsource-client', atMost: 0.8 },
  { contender: '@rxsse/core', against: bareParser, atMost: 1.15 },
]

type Connect = (url: string, onEvent: (event: { readonly data: string }) => void) => () => void

/** A client, to be closed when the events asked for have come. It reads each event's data, as a pipeline would. */
function receiver(name: string, eventsAChunk: number, connect: Connect): Contender {
  return {
    name,
    async prepare() {
      const sender = await startSender(eventsAChunk)
      return {
        run: (operations) =>
          new Promise((resolve) => {
            let left = operations
            let characters = 0
            const close = connect(`${sender.ready}?events=${operations}`, ({ data }) => {
              characters += data.length
              if (--left > 0) return
              if (characters < operations * 100) throw new Error('the events are not what was sent')
              close()
              resolve()
            })
          }),
        stop: () => sender.stop(),
      }
    },
  }
}

/** The floor under every client: the same bytes, and nothing done with them. */
function bodyAlone(eventsAChunk: number): Contender {
  return {
    name: 'reading the body alone',
    async prepare() {
      const sender = await startSender(eventsAChunk)
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
    // Aborting it, which is how it is closed, is an error to it.
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
      // undici asks for all four.
      onResponseStart() {},
      onResponseData: (_, chunk) => onData(chunk),
      onResponseEnd() {},
      onResponseError() {},
    },
  )
  return () => close()
}

function startSender(eventsAChunk: number): Promise<OtherSide<string, never, never>> {
  const options: SenderOptions = { eventsAChunk }
  return startOtherSide(new URL('./sender.js', import.meta.url), options)
}

import { eventsFrom } from '@rxsse/core'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { Contender, Target } from '../harness/suite.ts'
import { encodeEvents } from './events.ts'

/** What reads a stream of bytes that are already there. `eventsPerChunk` is the number of events in each of its chunks. */
export function createByteReaders(eventsPerChunk: number): Contender[] {
  return [
    createByteReader('eventsFrom', eventsPerChunk, (bytes, onEvent) => {
      return new Promise((resolve, reject) => {
        eventsFrom(bytes).subscribe({ next: onEvent, error: reject, complete: () => resolve() })
      })
    }),
    createByteReader(PARSER_STREAM, eventsPerChunk, async (bytes, onEvent) => {
      const text = bytes.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
      for await (const event of text.pipeThrough(new EventSourceParserStream())) onEvent(event)
    }),
  ]
}

const PARSER_STREAM = 'EventSourceParserStream'

export const BYTES_TARGETS: readonly Target[] = [
  { contender: 'eventsFrom', against: PARSER_STREAM, atMost: 1.15 },
]

type ReadBytes = (
  bytes: ReadableStream<Uint8Array>,
  onEvent: (event: { readonly data: string }) => void,
) => Promise<void>

/** Reads the data of each event, as a pipeline does. */
function createByteReader(name: string, eventsPerChunk: number, read: ReadBytes): Contender {
  return {
    name,
    prepare() {
      const events = Array.from({ length: 13 }, (_, write) => encodeEvents(write)).flat()
      const chunks: Uint8Array[] = []
      for (let at = 0; at < events.length; at += eventsPerChunk) {
        chunks.push(Buffer.from(events.slice(at, at + eventsPerChunk).join('')))
      }
      return {
        async run(operations) {
          let characters = 0
          await read(streamOf(chunks, operations / eventsPerChunk), ({ data }) => {
            characters += data.length
          })
          if (characters < operations * 100) throw new Error('the events are shorter than those sent')
        },
      }
    },
  }
}

/** Repeats the chunks. A stream that is pulled gives each chunk when it is asked for. */
function streamOf(chunks: readonly Uint8Array[], count: number): ReadableStream<Uint8Array> {
  let given = 0
  return new ReadableStream({
    pull(controller) {
      if (given < count) controller.enqueue(chunks[given++ % chunks.length] as Uint8Array)
      else controller.close()
    },
  })
}

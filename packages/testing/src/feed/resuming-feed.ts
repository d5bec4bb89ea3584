import { referenceEncode, type WireMessage } from '../reference/encode.ts'
import { asChunk, lastChunk } from '../scripted-server/chunks.ts'
import type { Step } from '../scripted-server/script.ts'
import {
  createScriptedServer,
  type ScriptedServer,
  type ScriptedServerOptions,
} from '../scripted-server/scripted-server.ts'

/** One loss of a connection: after how much of the answer, and how. */
export interface Disconnect {
  /** Where it falls. With `head` and 0 bytes, before the answer has begun. */
  readonly part: 'head' | 'body'
  /** Bytes of that part that are sent, all where it has no more. The chunk framing of a body counts, except with `END`. */
  readonly bytes: number
  /**
   * `END` finishes the body as if it were whole, `FIN` closes the connection without the last chunk, `RST` resets it, `SILENCE` sends
   * nothing more and stays open, so that only an idle timeout gets the client on. Within the head `END` is a `FIN`.
   */
  readonly by: 'END' | 'FIN' | 'RST' | 'SILENCE'
}

/** Options of {@link createResumingFeed}. */
export interface ResumingFeedOptions extends ScriptedServerOptions {
  /** What is fed, in order; each needs an `id` of its own. A number n is n messages with the ids 1 to n. */
  readonly messages: number | readonly (WireMessage & { readonly id: string })[]
  /** The loss that ends each connection in turn. Connections after the last are not disturbed. Default none. */
  readonly disconnects?: readonly Disconnect[]
  /** Reconnection time told at the head of each body, in milliseconds. Default: none is told. */
  readonly retry?: number
}

/**
 * A server that feeds numbered events, honours `Last-Event-ID`, and loses connections on a schedule: the stage for the property "every
 * event once, in order". Each request is answered with what follows its `Last-Event-ID`. A connection that is not disturbed carries all
 * the rest and ends; a request for what follows the last event is answered 204, at which a client is done.
 *
 * An id that the feed never gave is an error, which `close()` rejects with.
 */
export async function createResumingFeed({
  messages,
  disconnects = [],
  retry,
  ...options
}: ResumingFeedOptions): Promise<ScriptedServer> {
  const fed = typeof messages === 'number' ? numbered(messages) : messages
  const position = new Map(fed.map(({ id }, index) => [id, index + 1]))
  if (position.size < fed.length || position.has('')) {
    throw new TypeError('every message of a resuming feed needs an id of its own, and not an empty one')
  }
  const blocks = fed.map((message) => Buffer.from(referenceEncode(message)))
  const opening = retry === undefined ? [] : [Buffer.from(`retry: ${retry}\n\n`)]

  return createScriptedServer(({ index, lastEventId }) => {
    const from = lastEventId === '' ? 0 : position.get(lastEventId)
    if (from === undefined) {
      throw new Error(
        `request ${index} has the Last-Event-ID ${JSON.stringify(lastEventId)}, which the feed never gave`,
      )
    }
    if (from === fed.length) return undefined
    return { raw: answer([...opening, ...blocks.slice(from)], disconnects[index]) }
  }, options)
}

function numbered(count: number): (WireMessage & { id: string })[] {
  return Array.from({ length: count }, (_, index) => ({ id: String(index + 1), data: `event ${index + 1}` }))
}

const head = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
)

const endings = { FIN: 'CUT', RST: 'RST', SILENCE: 'HOLD' } as const

function answer(blocks: readonly Buffer[], disconnect: Disconnect | undefined): Step[] {
  if (!disconnect) return [head, ...blocks.map(asChunk), lastChunk, 'CUT']
  const { part, bytes, by } = disconnect
  if (part === 'head') return [head.subarray(0, bytes), by === 'END' ? 'CUT' : endings[by]]
  if (by === 'END') return [head, asChunk(Buffer.concat(blocks).subarray(0, bytes)), lastChunk, 'CUT']
  return [head, Buffer.concat(blocks.map(asChunk)).subarray(0, bytes), endings[by]]
}

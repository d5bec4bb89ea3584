import { optionError, requireInteger } from '@rxsse/shared'
import { referenceEncode, type WireMessage } from '../../reference/encode.ts'
import { encodeChunk, LAST_CHUNK } from '../scripted/chunks.ts'
import type { Step } from '../scripted/script.ts'
import {
  createScriptedServer,
  type ScriptedServer,
  type ScriptedServerOptions,
} from '../scripted/scripted-server.ts'

/** The loss of one connection: at which byte of the response, and how. */
export interface Disconnect {
  /** The part of the response in which it happens. `head` and 0 bytes: before the response. */
  readonly part: 'head' | 'body'
  /** The number of bytes of that part that are sent. The chunk framing of a body counts, except with `END`. */
  readonly bytes: number
  /**
   * - `END` ends the body properly, as if it were complete. In the head it means `FIN`.
   * - `FIN` closes the connection without the last chunk.
   * - `RST` resets the connection.
   * - `SILENCE` keeps it open and sends nothing more. Only an idle timeout of the client ends it.
   */
  readonly by: 'END' | 'FIN' | 'RST' | 'SILENCE'
}

/** Options of {@link createResumingFeed}. */
export interface ResumingFeedOptions extends ScriptedServerOptions {
  /** The messages, in order, each with a unique `id`. A number n means n messages with the ids 1 to n. */
  readonly messages: number | readonly (WireMessage & { readonly id: string })[]
  /** The loss of each connection in turn. Later connections are not lost. Default none. */
  readonly disconnects?: readonly Disconnect[]
  /** The `retry` field at the start of each body, in milliseconds. Default: no field. */
  readonly retry?: number
}

/**
 * A server that sends a list of events, resumes after `Last-Event-ID`, and loses connections on a schedule. It tests
 * that a client gets every event once, in order. A connection without a loss carries all remaining events and ends.
 * A request after the last event is answered with 204, which ends a client.
 *
 * `close()` rejects if a request had an id that the feed did not send.
 */
export async function createResumingFeed({
  messages,
  disconnects = [],
  retry,
  ...options
}: ResumingFeedOptions): Promise<ScriptedServer> {
  const feed = Array.isArray(messages) ? messages : createMessages(messages)
  for (const [index, disconnect] of disconnects.entries())
    checkDisconnect(disconnect, `disconnects[${index}]`)
  if (retry !== undefined) requireInteger(retry, 'retry', 0)
  const positions = new Map(feed.map(({ id }, index) => [id, index + 1]))
  if (positions.size < feed.length || positions.has('')) {
    throw optionError('messages', 'messages whose ids are unique and not empty', messages)
  }
  const blocks = feed.map((message) => Buffer.from(referenceEncode(message)))
  const opening = retry === undefined ? [] : [Buffer.from(`retry: ${retry}\n\n`)]

  return createScriptedServer(({ index, lastEventId }) => {
    const from = lastEventId === '' ? 0 : positions.get(lastEventId)
    if (from === undefined) {
      throw new Error(
        `request ${index} has the Last-Event-ID ${JSON.stringify(lastEventId)}, which the feed did not send`,
      )
    }
    if (from === feed.length) return undefined
    return { raw: createSteps([...opening, ...blocks.slice(from)], disconnects[index]) }
  }, options)
}

function createMessages(count: ResumingFeedOptions['messages']): (WireMessage & { id: string })[] {
  if (!Number.isInteger(count) || Number(count) < 0)
    throw optionError('messages', 'a list or a whole number', count)
  return Array.from({ length: Number(count) }, (_, index) => ({
    id: String(index + 1),
    data: `event ${index + 1}`,
  }))
}

const HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
)

function checkDisconnect({ part, bytes, by }: Disconnect, option: string): void {
  if (part !== 'head' && part !== 'body') throw optionError(`${option}.part`, "'head' or 'body'", part)
  requireInteger(bytes, `${option}.bytes`, 0)
  if (by !== 'END' && !Object.hasOwn(ENDINGS, by)) {
    throw optionError(`${option}.by`, "'END', 'FIN', 'RST' or 'SILENCE'", by)
  }
}

const ENDINGS = { FIN: 'CUT', RST: 'RST', SILENCE: 'HOLD' } as const

function createSteps(blocks: readonly Buffer[], disconnect: Disconnect | undefined): Step[] {
  if (!disconnect) return [HEAD, ...blocks.map(encodeChunk), LAST_CHUNK, 'CUT']
  const { part, bytes, by } = disconnect
  if (part === 'head') return [HEAD.subarray(0, bytes), by === 'END' ? 'CUT' : ENDINGS[by]]
  if (by === 'END') return [HEAD, encodeChunk(Buffer.concat(blocks).subarray(0, bytes)), LAST_CHUNK, 'CUT']
  return [HEAD, Buffer.concat(blocks.map(encodeChunk)).subarray(0, bytes), ENDINGS[by]]
}

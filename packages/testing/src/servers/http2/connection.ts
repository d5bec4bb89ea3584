import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  contentOf,
  decodeFrame,
  decodeSettings,
  encodeFrame,
  encodeNumbers,
  encodeSettings,
  FLAG,
  FRAME,
  type Frame,
  resolveErrorCode,
  SETTING,
} from './frames.ts'
import { decodeFields, encodeFields, type Fields } from './hpack.ts'
import type { Http2Head, Http2RecordedRequest, Http2Step, Http2Steps } from './script.ts'

/** What a connection needs of its server. */
export interface Http2ConnectionContext {
  readonly number: number
  /** Resets the TCP connection below. */
  readonly resetTcp: () => void
  readonly requests: Http2Recording[]
  readonly respond: (
    request: Http2RecordedRequest,
  ) => Http2Steps | undefined | PromiseLike<Http2Steps | undefined>
  /** Something that a test may be waiting for has changed. */
  readonly onChange: () => void
  /** The script threw, or the client did not speak HTTP/2. */
  readonly onError: (error: unknown) => void
}

/** A record while it is being written. */
export type Http2Recording = { -readonly [K in keyof Http2RecordedRequest]: Http2RecordedRequest[K] }

interface Stream {
  readonly id: number
  readonly gone: AbortController
  fieldBlock: Buffer
  fields: Fields | undefined
  hasBody: boolean
  body: Buffer
  /** Bytes that the client lets the server send on this stream. */
  window: number
  recording: Http2Recording | undefined
  hasHead: boolean
  /** Whether the server has ended or reset the stream. */
  isDone: boolean
}

/** Serves one HTTP/2 connection with prior knowledge or after ALPN (RFC 9113, 3). */
export function serveHttp2Connection(socket: Socket, context: Http2ConnectionContext): void {
  const { number, resetTcp, requests, respond, onChange, onError } = context
  const streams = new Map<number, Stream>()
  const waiting = new Set<() => void>()
  let unread: Buffer = Buffer.alloc(0)
  let hasPreface = false
  let connectionWindow = DEFAULT_WINDOW
  let initialWindow = DEFAULT_WINDOW
  let isGone = false

  socket.on('data', (bytes: Buffer) => {
    unread = Buffer.concat([unread, bytes])
    try {
      readFrames()
    } catch (error) {
      onError(error)
      socket.destroy()
    }
  })
  socket.on('error', () => {})
  socket.on('end', leave)
  socket.on('close', leave)
  // No dynamic table, so that the decoder needs none.
  sendFrame(encodeSettings([[SETTING.HEADER_TABLE_SIZE, 0]]))

  function readFrames(): void {
    if (!hasPreface) {
      if (unread.length < PREFACE.length) return
      if (unread.subarray(0, PREFACE.length).toString('latin1') !== PREFACE) {
        throw new Error('the client sent no HTTP/2 connection preface')
      }
      hasPreface = true
      unread = unread.subarray(PREFACE.length)
    }
    for (let next = decodeFrame(unread); next !== undefined; next = decodeFrame(unread)) {
      unread = unread.subarray(next.length)
      receive(next.frame)
    }
  }

  function receive(frame: Frame): void {
    const { type, flags, stream: id, payload } = frame
    if (type === FRAME.SETTINGS && (flags & FLAG.ACK) === 0) applySettings(payload)
    else if (type === FRAME.PING && (flags & FLAG.ACK) === 0) sendFrame({ ...frame, flags: FLAG.ACK })
    else if (type === FRAME.WINDOW_UPDATE) widen(id, payload.readUInt32BE(0))
    else if (type === FRAME.HEADERS || type === FRAME.CONTINUATION) receiveFields(frame)
    else if (type === FRAME.DATA) receiveData(frame)
    else if (type === FRAME.RST_STREAM) resetByClient(id, payload.readUInt32BE(0))
  }

  function applySettings(payload: Buffer): void {
    for (const [setting, value] of decodeSettings(payload)) {
      if (setting !== SETTING.INITIAL_WINDOW_SIZE) continue
      for (const stream of streams.values()) stream.window += value - initialWindow
      initialWindow = value
    }
    sendFrame({ type: FRAME.SETTINGS, flags: FLAG.ACK, stream: 0, payload: Buffer.alloc(0) })
    wake()
  }

  function widen(id: number, increment: number): void {
    const stream = streams.get(id)
    if (id === 0) connectionWindow += increment
    else if (stream !== undefined) stream.window += increment
    wake()
  }

  function receiveFields(frame: Frame): void {
    const stream = openStream(frame.stream)
    stream.fieldBlock = Buffer.concat([stream.fieldBlock, contentOf(frame)])
    // END_STREAM is on the HEADERS frame, END_HEADERS on the last CONTINUATION after it (RFC 9113, 6.10).
    if (frame.type === FRAME.HEADERS) stream.hasBody = (frame.flags & FLAG.END_STREAM) === 0
    if ((frame.flags & FLAG.END_HEADERS) === 0) return
    stream.fields = decodeFields(stream.fieldBlock)
    if (!stream.hasBody) begin(stream)
  }

  function receiveData(frame: Frame): void {
    const stream = streams.get(frame.stream)
    if (stream === undefined) return
    stream.body = Buffer.concat([stream.body, contentOf(frame)])
    if (frame.payload.length > 0) {
      sendFrame(encodeNumbers(FRAME.WINDOW_UPDATE, 0, frame.payload.length))
      sendFrame(encodeNumbers(FRAME.WINDOW_UPDATE, frame.stream, frame.payload.length))
    }
    if ((frame.flags & FLAG.END_STREAM) !== 0) begin(stream)
  }

  function openStream(id: number): Stream {
    const known = streams.get(id)
    if (known !== undefined) return known
    const stream: Stream = {
      id,
      gone: new AbortController(),
      fieldBlock: Buffer.alloc(0),
      fields: undefined,
      hasBody: false,
      body: Buffer.alloc(0),
      window: initialWindow,
      recording: undefined,
      hasHead: false,
      isDone: false,
    }
    streams.set(id, stream)
    return stream
  }

  /** The request is whole. */
  function begin(stream: Stream): void {
    const recording = recordRequest(stream, requests.length, number)
    stream.recording = recording
    requests.push(recording)
    onChange()
    void play(stream, recording)
  }

  async function play(stream: Stream, recording: Http2Recording): Promise<void> {
    try {
      const steps = (await respond(recording)) ?? AFTER_THE_SCRIPT
      for await (const step of steps) {
        if (stream.gone.signal.aborted) break
        if (!(await perform(step, stream, recording))) break
      }
      if (stream.hasHead && !stream.isDone && !stream.gone.signal.aborted) endStream(stream)
    } catch (error) {
      if (!stream.gone.signal.aborted) onError(error)
    }
    recording.isOver = true
    onChange()
  }

  /** False if no step may follow. */
  async function perform(step: Http2Step, stream: Stream, recording: Http2Recording): Promise<boolean> {
    const { signal } = stream.gone
    if (typeof step === 'string' && WORDS.has(step)) return performWord(step, stream)
    if (typeof step === 'string' || step instanceof Uint8Array)
      await sendData(Buffer.from(step), stream, recording)
    else if ('head' in step) sendHead(step.head, stream)
    else if ('sleep' in step) await delay(step.sleep, undefined, { signal })
    else if ('until' in step) {
      await unlessGone(typeof step.until === 'function' ? step.until() : step.until, signal)
    } else if ('reset' in step) {
      stream.isDone = true
      sendFrame(encodeNumbers(FRAME.RST_STREAM, stream.id, resolveErrorCode(step.reset)))
    } else if ('goaway' in step) {
      const last = step.lastStream ?? stream.id
      sendFrame(encodeNumbers(FRAME.GOAWAY, 0, last, resolveErrorCode(step.goaway)))
    } else {
      const { type, flags = 0, stream: id = stream.id, payload = Buffer.alloc(0) } = step.frame
      sendFrame({ type, flags, stream: id, payload: Buffer.from(payload) })
    }
    return true
  }

  async function performWord(word: string, stream: Stream): Promise<boolean> {
    if (word === 'HOLD') await new Promise((_, reject) => onAbort(stream.gone.signal, reject))
    else if (word === 'END') endStream(stream)
    else if (word === 'CUT') socket.destroySoon()
    else resetTcp()
    return false
  }

  function sendHead({ status, headers = {}, endStream: isEnd = false }: Http2Head, stream: Stream): void {
    const isFinal = status >= 200
    const fields: (readonly [string, string])[] = [[':status', String(status)]]
    if (isFinal && !('content-type' in headers)) fields.push(['content-type', 'text/event-stream'])
    for (const [name, value] of Object.entries(headers)) if (value !== null) fields.push([name, value])
    stream.hasHead ||= isFinal
    stream.isDone ||= isEnd
    const flags = FLAG.END_HEADERS | (isEnd ? FLAG.END_STREAM : 0)
    sendFrame({ type: FRAME.HEADERS, flags, stream: stream.id, payload: encodeFields(fields) })
  }

  /** In frames as large as the client's windows allow (RFC 9113, 5.2). */
  async function sendData(bytes: Buffer, stream: Stream, recording: Http2Recording): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const allowed = Math.min(connectionWindow, stream.window, MAX_FRAME)
      if (allowed <= 0) {
        await unlessGone(new Promise<void>((resolve) => waiting.add(resolve)), stream.gone.signal)
        continue
      }
      const payload = bytes.subarray(at, at + allowed)
      at += payload.length
      connectionWindow -= payload.length
      stream.window -= payload.length
      recording.bytesSent += payload.length
      onChange()
      sendFrame({ type: FRAME.DATA, flags: 0, stream: stream.id, payload })
    }
  }

  function endStream(stream: Stream): void {
    stream.isDone = true
    sendFrame({ type: FRAME.DATA, flags: FLAG.END_STREAM, stream: stream.id, payload: Buffer.alloc(0) })
  }

  function sendFrame(frame: Frame): void {
    if (!isGone && socket.writable) socket.write(encodeFrame(frame))
  }

  function resetByClient(id: number, code: number): void {
    const stream = streams.get(id)
    if (stream?.recording !== undefined) stream.recording.resetByClient = code
    stream?.gone.abort(new Error('the client reset the stream'))
    onChange()
  }

  function wake(): void {
    const ready = [...waiting]
    waiting.clear()
    for (const resolve of ready) resolve()
  }

  function leave(): void {
    if (isGone) return
    isGone = true
    for (const stream of streams.values()) stream.gone.abort(new Error('the connection is gone'))
    onChange()
  }
}

function recordRequest({ id, fields = [], body }: Stream, index: number, connection: number): Http2Recording {
  const headers: Record<string, string> = {}
  const pseudo: Record<string, string> = {}
  for (const [name, value] of fields) {
    const target = name.startsWith(':') ? pseudo : headers
    target[name] = name in target ? `${target[name]}, ${value}` : value
  }
  return {
    index,
    connection,
    stream: id,
    method: pseudo[':method'] ?? '',
    path: pseudo[':path'] ?? '',
    headers,
    lastEventId: Buffer.from(headers['last-event-id'] ?? '', 'latin1').toString(),
    body,
    bytesSent: 0,
    resetByClient: undefined,
    isOver: false,
  }
}

function unlessGone<T>(work: PromiseLike<T>, gone: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = onAbort(gone, reject)
    work.then(resolve, reject).then(stop, stop)
  })
}

function onAbort(signal: AbortSignal, reject: (reason: unknown) => void): () => void {
  const abort = (): void => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}

/** RFC 9113, 3.4. */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
/** RFC 9113, 6.9.2. */
const DEFAULT_WINDOW = 65_535
/** The least that a client must take in one frame (RFC 9113, 4.2). */
const MAX_FRAME = 16_384

const WORDS: ReadonlySet<string> = new Set(['END', 'CUT', 'RST', 'HOLD'])

const AFTER_THE_SCRIPT: Http2Steps = [
  { head: { status: 204, headers: { 'content-type': null }, endStream: true } },
]

import type { Socket } from 'node:net'
import {
  decodeFrame,
  decodeSettings,
  encodeFrame,
  encodeNumbers,
  encodeSettings,
  FLAG,
  FRAME,
  type Frame,
  readContent,
  SETTING,
} from './frames.ts'
import { decodeFields } from './hpack.ts'
import { playSteps, type StepHost, unlessAborted } from './play-steps.ts'
import type { Http2RecordedRequest, Http2Steps } from './script.ts'
import { type Http2Recording, Http2Stream } from './stream.ts'

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

/** One HTTP/2 connection with prior knowledge or after ALPN (RFC 9113, 3). */
export class Http2Connection implements StepHost {
  readonly #socket: Socket
  readonly #context: Http2ConnectionContext
  readonly #streams = new Map<number, Http2Stream>()
  /** Called when a window has grown. */
  readonly #waiting = new Set<() => void>()
  #unread: Buffer = Buffer.alloc(0)
  #hasPreface = false
  #window = DEFAULT_WINDOW
  #initialWindow = DEFAULT_WINDOW
  #isGone = false

  constructor(socket: Socket, context: Http2ConnectionContext) {
    this.#socket = socket
    this.#context = context
    socket.on('data', (bytes: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, bytes])
      try {
        this.#readFrames()
      } catch (error) {
        context.onError(error)
        socket.destroy()
      }
    })
    socket.on('error', () => {})
    socket.on('end', () => this.#leave())
    socket.on('close', () => this.#leave())
    // No dynamic table, so that the decoder needs none.
    this.sendFrame(encodeSettings([[SETTING.HEADER_TABLE_SIZE, 0]]))
  }

  sendFrame(frame: Frame): void {
    if (!this.#isGone && this.#socket.writable) this.#socket.write(encodeFrame(frame))
  }

  /** In frames as large as the client's windows allow (RFC 9113, 5.2). */
  async sendData(bytes: Buffer, stream: Http2Stream): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const allowed = Math.min(this.#window, stream.window, MAX_FRAME)
      if (allowed <= 0) {
        const room = new Promise<void>((resolve) => this.#waiting.add(resolve))
        await unlessAborted(room, stream.gone.signal)
        continue
      }
      const payload = bytes.subarray(at, at + allowed)
      at += payload.length
      this.#window -= payload.length
      stream.window -= payload.length
      if (stream.recording !== undefined) stream.recording.bytesSent += payload.length
      this.#context.onChange()
      this.sendFrame({ type: FRAME.DATA, flags: 0, stream: stream.id, payload })
    }
  }

  cut(): void {
    this.#socket.destroySoon()
  }

  reset(): void {
    this.#context.resetTcp()
  }

  #readFrames(): void {
    if (!this.#hasPreface) {
      if (this.#unread.length < PREFACE.length) return
      if (this.#unread.subarray(0, PREFACE.length).toString('latin1') !== PREFACE) {
        throw new Error('the client sent no HTTP/2 connection preface')
      }
      this.#hasPreface = true
      this.#unread = this.#unread.subarray(PREFACE.length)
    }
    for (let next = decodeFrame(this.#unread); next !== undefined; next = decodeFrame(this.#unread)) {
      this.#unread = this.#unread.subarray(next.length)
      this.#receive(next.frame)
    }
  }

  #receive(frame: Frame): void {
    const { type, flags, stream: id, payload } = frame
    if (type === FRAME.SETTINGS && (flags & FLAG.ACK) === 0) this.#applySettings(payload)
    else if (type === FRAME.PING && (flags & FLAG.ACK) === 0) this.sendFrame({ ...frame, flags: FLAG.ACK })
    else if (type === FRAME.WINDOW_UPDATE) this.#widen(id, payload.readUInt32BE(0))
    else if (type === FRAME.HEADERS || type === FRAME.CONTINUATION) this.#receiveFields(frame)
    else if (type === FRAME.DATA) this.#receiveData(frame)
    else if (type === FRAME.RST_STREAM) this.#resetByClient(id, payload.readUInt32BE(0))
  }

  #applySettings(payload: Buffer): void {
    for (const [setting, value] of decodeSettings(payload)) {
      if (setting !== SETTING.INITIAL_WINDOW_SIZE) continue
      for (const stream of this.#streams.values()) stream.window += value - this.#initialWindow
      this.#initialWindow = value
    }
    this.sendFrame({ type: FRAME.SETTINGS, flags: FLAG.ACK, stream: 0, payload: Buffer.alloc(0) })
    this.#wake()
  }

  #widen(id: number, increment: number): void {
    const stream = this.#streams.get(id)
    if (id === 0) this.#window += increment
    else if (stream !== undefined) stream.window += increment
    this.#wake()
  }

  #receiveFields(frame: Frame): void {
    const stream = this.#openStream(frame.stream)
    stream.fieldBlock = Buffer.concat([stream.fieldBlock, readContent(frame)])
    // END_STREAM is on the HEADERS frame, END_HEADERS on the last CONTINUATION after it (RFC 9113, 6.10).
    if (frame.type === FRAME.HEADERS) stream.hasBody = (frame.flags & FLAG.END_STREAM) === 0
    if ((frame.flags & FLAG.END_HEADERS) === 0) return
    stream.fields = decodeFields(stream.fieldBlock)
    if (!stream.hasBody) void this.#respond(stream)
  }

  #receiveData(frame: Frame): void {
    const stream = this.#streams.get(frame.stream)
    if (stream === undefined) return
    stream.body = Buffer.concat([stream.body, readContent(frame)])
    if (frame.payload.length > 0) {
      this.sendFrame(encodeNumbers(FRAME.WINDOW_UPDATE, 0, frame.payload.length))
      this.sendFrame(encodeNumbers(FRAME.WINDOW_UPDATE, frame.stream, frame.payload.length))
    }
    if ((frame.flags & FLAG.END_STREAM) !== 0) void this.#respond(stream)
  }

  #openStream(id: number): Http2Stream {
    const stream = this.#streams.get(id) ?? new Http2Stream(id, this.#initialWindow)
    this.#streams.set(id, stream)
    return stream
  }

  /** The request is whole. */
  async #respond(stream: Http2Stream): Promise<void> {
    const { requests, number, respond, onChange, onError } = this.#context
    const recording = stream.record(requests.length, number)
    requests.push(recording)
    onChange()
    try {
      await playSteps((await respond(recording)) ?? AFTER_THE_SCRIPT, stream, this)
    } catch (error) {
      if (!stream.gone.signal.aborted) onError(error)
    }
    recording.isOver = true
    onChange()
  }

  #resetByClient(id: number, code: number): void {
    const stream = this.#streams.get(id)
    if (stream?.recording !== undefined) stream.recording.resetByClient = code
    stream?.gone.abort(new Error('the client reset the stream'))
    this.#context.onChange()
  }

  #wake(): void {
    const ready = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of ready) resolve()
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    for (const stream of this.#streams.values()) stream.gone.abort(new Error('the connection is gone'))
    this.#context.onChange()
  }
}

/** RFC 9113, 3.4. */
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
/** RFC 9113, 6.9.2. */
const DEFAULT_WINDOW = 65_535
/** The least that a client must take in one frame (RFC 9113, 4.2). */
const MAX_FRAME = 16_384

const AFTER_THE_SCRIPT: Http2Steps = [
  { head: { status: 204, headers: { 'content-type': null }, endStream: true } },
]

import { optionError } from '@rxsse/shared'

/** Types of HTTP/2 frames (RFC 9113, 6). */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const

export const FLAG = { END_STREAM: 1, ACK: 1, END_HEADERS: 4, PADDED: 8, PRIORITY: 32 } as const

export const SETTING = { HEADER_TABLE_SIZE: 1, MAX_CONCURRENT_STREAMS: 3, INITIAL_WINDOW_SIZE: 4 } as const

/** Error codes (RFC 9113, 7). */
export const ERROR_CODE = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  ENHANCE_YOUR_CALM: 11,
} as const

/** The name of an error code, or the code itself. */
export type Http2ErrorCode = keyof typeof ERROR_CODE | number

export interface Frame {
  readonly type: number
  readonly flags: number
  /** 0 for the connection. */
  readonly stream: number
  readonly payload: Buffer
}

export function resolveErrorCode(code: Http2ErrorCode): number {
  const number = typeof code === 'number' ? code : ERROR_CODE[code]
  if (Number.isInteger(number) && number >= 0 && number < 2 ** 32) return number
  throw optionError('an error code', `a number or ${Object.keys(ERROR_CODE).join(', ')}`, code)
}

/** RFC 9113, 4.1. */
export function encodeFrame({ type, flags, stream, payload }: Frame): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** The first frame of `bytes` and how long it is. Undefined if it is not whole. */
export function decodeFrame(bytes: Buffer): { readonly frame: Frame; readonly length: number } | undefined {
  if (bytes.length < 9) return undefined
  const length = 9 + bytes.readUIntBE(0, 3)
  if (bytes.length < length) return undefined
  const frame = {
    type: bytes.readUInt8(3),
    flags: bytes.readUInt8(4),
    stream: bytes.readUInt32BE(5) & 0x7fffffff,
    payload: bytes.subarray(9, length),
  }
  return { frame, length }
}

export function encodeSettings(settings: readonly (readonly [id: number, value: number])[]): Frame {
  const payload = Buffer.alloc(6 * settings.length)
  for (const [i, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, 6 * i)
    payload.writeUInt32BE(value, 6 * i + 2)
  }
  return { type: FRAME.SETTINGS, flags: 0, stream: 0, payload }
}

export function decodeSettings(payload: Buffer): readonly (readonly [id: number, value: number])[] {
  return Array.from({ length: Math.floor(payload.length / 6) }, (_, i) => [
    payload.readUInt16BE(6 * i),
    payload.readUInt32BE(6 * i + 2),
  ])
}

/** A frame whose payload is numbers of 32 bits: RST_STREAM, GOAWAY, WINDOW_UPDATE. */
export function encodeNumbers(type: number, stream: number, ...numbers: readonly number[]): Frame {
  const payload = Buffer.alloc(4 * numbers.length)
  for (const [i, number] of numbers.entries()) payload.writeUInt32BE(number, 4 * i)
  return { type, flags: 0, stream, payload }
}

/** The payload without padding and priority (RFC 9113, 6.1 and 6.2). */
export function readContent({ type, flags, payload }: Frame): Buffer {
  const isPadded = (flags & FLAG.PADDED) !== 0
  const hasPriority = type === FRAME.HEADERS && (flags & FLAG.PRIORITY) !== 0
  const start = (isPadded ? 1 : 0) + (hasPriority ? 5 : 0)
  return payload.subarray(start, payload.length - (isPadded ? payload.readUInt8(0) : 0))
}

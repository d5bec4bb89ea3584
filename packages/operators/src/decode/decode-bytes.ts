import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'
import { toSideOutput } from '../stage/side-output.ts'
import { type ParseOptions, parsing } from './event-parser.ts'

/**
 * Decodes each event's data to bytes. `'base64'` (RFC 4648) takes the URL-safe alphabet as well, with the right padding or with none;
 * `'hex'` takes either case. Line breaks are skipped, as data of several lines has them.
 *
 * Emits when an event's data decodes.
 * Drops nothing: what does not decode goes to `onInvalid`, without one it errors the stream with a `DecodeError`.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function decodeBytes<S extends SseEvent = SseEvent>(
  encoding: 'base64' | 'hex',
  options: ParseOptions = {},
): OperatorFunction<S, SseEvent<Uint8Array, S['type']>> {
  const alphabet = ALPHABETS[encoding]
  if (alphabet === undefined)
    throw new TypeError(`decodeBytes: encoding must be 'base64' or 'hex', not ${shapeOf(encoding)}`)
  toSideOutput('decodeBytes: onInvalid', options.onInvalid)
  return operate((stage) =>
    parsing(stage, 'decodeBytes', options.onInvalid, (data) => bytesOf(encoding, alphabet, data)),
  )
}

interface Alphabet {
  readonly bits: number
  /** What each UTF-16 unit stands for, 255 where it stands for nothing. */
  readonly values: Uint8Array
}

function bytesOf(encoding: string, { bits, values }: Alphabet, data: string): Uint8Array {
  const { end, pads } = encoding === 'base64' ? paddingOf(data) : { end: data.length, pads: 0 }
  const bytes = new Uint8Array(Math.floor((end * bits) / 8))
  let length = 0
  let digits = 0
  let pending = 0
  let pendingBits = 0
  for (let i = 0; i < end; i++) {
    const unit = data.charCodeAt(i)
    if (unit === 10 || unit === 13) continue
    const value = values[unit] ?? 255
    if (value === 255) throw new SyntaxError(`not ${encoding}: ${shapeOf(data[i])} at ${i}`)
    digits++
    pending = (pending << bits) | value
    pendingBits += bits
    if (pendingBits < 8) continue
    pendingBits -= 8
    bytes[length++] = pending >>> pendingBits
    pending &= (1 << pendingBits) - 1
  }
  // A digit on its own is less than a byte, and bits beyond the last byte must be none: the text was cut or changed.
  if (pendingBits >= bits || pending !== 0)
    throw new SyntaxError(`not ${encoding}: ${digits} digits do not make whole bytes`)
  if (pads > 0 && (digits + pads) % 4 !== 0)
    throw new SyntaxError(`not base64: ${digits} digits and ${pads} = do not make fours`)
  return bytes.subarray(0, length)
}

/** Where the padding begins, and how long it is. Read from the end, so that a text of nothing but `=` costs no more than another. */
function paddingOf(data: string): { readonly end: number; readonly pads: number } {
  let end = data.length
  let pads = 0
  for (; end > 0; end--) {
    const last = data[end - 1]
    if (last === '=') pads++
    else if (last !== '\n' && last !== '\r') break
  }
  if (pads > 2) throw new SyntaxError('not base64: more than two = at the end')
  return { end, pads }
}

const ALPHABETS: Readonly<Record<string, Alphabet>> = {
  base64: alphabetOf(6, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', '-_'),
  hex: alphabetOf(4, '0123456789abcdef', 'ABCDEF'),
}

/** `others` also stand for the last values. */
function alphabetOf(bits: number, digits: string, others: string): Alphabet {
  const values = new Uint8Array(128).fill(255)
  for (let i = 0; i < digits.length; i++) values[digits.charCodeAt(i)] = i
  for (let i = 0; i < others.length; i++) values[others.charCodeAt(i)] = digits.length - others.length + i
  return { bits, values }
}

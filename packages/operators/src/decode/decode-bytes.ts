import { describeValue, optionError, type SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { requireText } from './decode-text.ts'
import { createParseOperator, type ParseOptions } from './parse-operator.ts'

/**
 * Decodes each event's data to bytes. `'base64'` (RFC 4648) also takes the URL-safe alphabet, and either the right padding
 * or none. `'hex'` takes both cases. Line breaks are skipped.
 *
 * Emits when an event's data decodes.
 * Drops nothing: data that does not decode goes to `onInvalid`; without it the stream errors with a `DecodeError`.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function decodeBytes<S extends SseEvent = SseEvent>(
  encoding: 'base64' | 'hex',
  options: ParseOptions = {},
): OperatorFunction<S, SseEvent<Uint8Array, S['type']>> {
  const alphabet = ALPHABETS[encoding]
  if (alphabet === undefined) throw optionError('decodeBytes: encoding', "'base64' or 'hex'", encoding)
  return createParseOperator('decodeBytes', options, (data: string) =>
    decodeDigits(encoding, alphabet, requireText(data)),
  )
}

interface Alphabet {
  /** Bits in each digit. */
  readonly bits: number
  /** The value of each UTF-16 unit. 255 if the unit is no digit. */
  readonly values: Uint8Array
}

function decodeDigits(encoding: string, { bits, values }: Alphabet, data: string): Uint8Array {
  const { end, pads } = encoding === 'base64' ? findPadding(data) : { end: data.length, pads: 0 }
  const bytes = new Uint8Array(Math.floor((end * bits) / 8))
  let length = 0
  let digits = 0
  let pending = 0
  let pendingBits = 0
  for (let i = 0; i < end; i++) {
    const unit = data.charCodeAt(i)
    if (unit === 10 || unit === 13) continue
    const value = values[unit] ?? 255
    if (value === 255) throw new SyntaxError(`not ${encoding}: ${describeValue(data[i])} at ${i}`)
    digits++
    pending = (pending << bits) | value
    pendingBits += bits
    if (pendingBits < 8) continue
    pendingBits -= 8
    bytes[length++] = pending >>> pendingBits
    pending &= (1 << pendingBits) - 1
  }
  // One digit is less than a byte, and bits after the last byte must be 0. Otherwise the text was cut or changed.
  if (pendingBits >= bits || pending !== 0)
    throw new SyntaxError(`not ${encoding}: ${digits} digits do not make whole bytes`)
  if (pads > 0 && (digits + pads) % 4 !== 0)
    throw new SyntaxError(`not base64: ${digits} digits and ${pads} = are not a multiple of 4`)
  return bytes.subarray(0, length)
}

/** Finds where the padding starts and how long it is. Reads from the end, so a text of only `=` costs no more. */
function findPadding(data: string): { readonly end: number; readonly pads: number } {
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
  base64: createAlphabet(6, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', '-_'),
  hex: createAlphabet(4, '0123456789abcdef', 'ABCDEF'),
}

/** The characters of `aliases` stand for the last values too. */
function createAlphabet(bits: number, digits: string, aliases: string): Alphabet {
  const values = new Uint8Array(128).fill(255)
  for (let i = 0; i < digits.length; i++) values[digits.charCodeAt(i)] = i
  for (let i = 0; i < aliases.length; i++) values[aliases.charCodeAt(i)] = digits.length - aliases.length + i
  return { bits, values }
}

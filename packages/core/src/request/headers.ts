import type { HeadersInput } from './request-options.ts'

/** Checks headers and returns their values by lower-case name. */
export function parseHeaders(input: HeadersInput): Record<string, string> {
  // The platform's own error would quote a string, which may be a secret.
  if (Object(input) !== input) throw new TypeError('headers must be an object or pairs')
  const headers = new Headers()
  for (const [name, value] of Symbol.iterator in input ? input : Object.entries(input)) {
    try {
      // JavaScript may give null. Left in, it would be sent as the text 'null'.
      if (value != null) headers.append(name, value)
    } catch {
      // The platform's own error quotes the value.
      throw new TypeError(`headers: HTTP cannot carry the name or the value of '${name}'`)
    }
  }
  return Object.fromEntries(headers)
}

/** The UTF-8 bytes of a text, one per character, as a header carries them (HTML standard, 9.2.3). */
export function byteString(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return bytes
}

import { createDecoder, type DecoderOptions } from '../src/decoder.ts'

interface Decoded {
  readonly events: { readonly type: string; readonly data: string; readonly lastEventId: string }[]
  retry: number | null
  lastEventId: string
  /** There where an event was larger than the limit. */
  oversize?: true
}

/** What the decoder makes of a body in chunks, in the form of the reference model. */
export function decode(chunks: Iterable<Uint8Array>, options: Partial<DecoderOptions> = {}): Decoded {
  const decoded: Decoded = { events: [], retry: null, lastEventId: '' }
  const decoder = createDecoder(
    {
      onEvent(type, data) {
        decoded.events.push({ type, data, lastEventId: decoded.lastEventId })
      },
      onId(id) {
        decoded.lastEventId = id
      },
      onRetry(milliseconds) {
        decoded.retry = milliseconds
      },
      onComment: undefined,
      onOversize() {
        decoded.oversize = true
      },
    },
    { types: undefined, maxEventSize: Number.POSITIVE_INFINITY, ...options },
  )
  for (const chunk of chunks) decoder.push(chunk)
  decoder.end()
  return decoded
}

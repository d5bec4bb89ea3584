import { Decoder, type DecoderOptions } from '../src/response/decoder.ts'

interface Decoded {
  readonly events: { readonly type: string; readonly data: string; readonly lastEventId: string }[]
  retry: number | null
  lastEventId: string
  /** There where an event was larger than the limit. */
  oversize?: true
}

interface DecodeOptions extends Partial<DecoderOptions> {
  /** Which chunks end a turn of the event loop, by their index. Default: every one. */
  readonly endsTurn?: (index: number) => boolean
}

/** What the decoder makes of a body in chunks, in the form of the reference model. */
export function decode(
  chunks: Iterable<Uint8Array>,
  { endsTurn = () => true, ...options }: DecodeOptions = {},
): Decoded {
  const decoded: Decoded = { events: [], retry: null, lastEventId: '' }
  const decoder = new Decoder(
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
  let index = 0
  for (const chunk of chunks) {
    decoder.push(chunk)
    if (endsTurn(index++)) decoder.flush()
  }
  decoder.end()
  return decoded
}

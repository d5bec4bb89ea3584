import { Decoder } from '../src/response/decoder.ts'
import type { DecoderOptions } from '../src/response/decoder-handler.ts'

interface Decoded {
  readonly events: { readonly type: string; readonly data: string; readonly lastEventId: string }[]
  retry: number | null
  lastEventId: string
  /** Present if an event was larger than the limit. */
  oversize?: true
}

interface DecodeOptions extends Partial<DecoderOptions> {
  /** Whether the chunk with that index ends a turn of the event loop. Default: every chunk does. */
  readonly endsTurn?: (index: number) => boolean
}

/** Decodes a body in chunks. The result has the form of the reference model. */
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
    },
    { types: undefined, maxEventSize: Number.POSITIVE_INFINITY, ...options },
    () => {
      decoded.oversize = true
    },
  )
  let index = 0
  for (const chunk of chunks) {
    decoder.push(chunk)
    if (endsTurn(index++)) decoder.flush()
  }
  decoder.end()
  return decoded
}

import { createDecoder } from '../src/decoder.ts'

interface Decoded {
  readonly events: readonly { readonly type: string; readonly data: string; readonly lastEventId: string }[]
  readonly retry: number | null
  readonly lastEventId: string
}

/** What the decoder makes of a body in chunks, in the form of the reference model. */
export function decode(
  chunks: Iterable<Uint8Array>,
  maxEventSize: number = Number.POSITIVE_INFINITY,
): Decoded {
  const events: Decoded['events'][number][] = []
  let retry: number | null = null
  let lastEventId = ''
  const decoder = createDecoder(
    {
      onEvent: (type, data) => events.push({ type, data, lastEventId }),
      onId: (id) => {
        lastEventId = id
      },
      onRetry: (milliseconds) => {
        retry = milliseconds
      },
      onComment: undefined,
      onOversize: () => {
        throw new Error('oversize')
      },
    },
    { types: undefined, maxEventSize },
  )
  for (const chunk of chunks) decoder.push(chunk)
  decoder.end()
  return { events, retry, lastEventId }
}

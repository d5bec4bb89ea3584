import { createParser } from 'eventsource-parser'
import { describe, expect, it } from 'vitest'
import { eventStreamCases, type Interpretation, referenceParse } from '../index.ts'

/** Parses with eventsource-parser, as an independent check of the cases and of the model. */
function parseByPeer(bytes: Uint8Array): Interpretation {
  const events: { type: string; data: string; lastEventId: string }[] = []
  let retry: number | null = null
  let lastEventId = ''
  const parser = createParser({
    onEvent: ({ event, data }) => events.push({ type: event ?? 'message', data, lastEventId }),
    onId: (id) => {
      lastEventId = id
    },
    onRetry: (value) => {
      retry = value
    },
  })
  // The parser removes one BOM itself. If the decoder did so too, a second BOM would be lost.
  parser.feed(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes))
  return { events, retry, lastEventId }
}

describe('the reference parser passes', () => {
  for (const { name, input_b64, expected } of eventStreamCases) {
    it(name, () => {
      expect(referenceParse(Buffer.from(input_b64, 'base64'))).toEqual({
        events: expected.events,
        retry: expected.retry,
        lastEventId: expected.final_lastEventId,
      })
    })
  }
})

describe('eventsource-parser agrees with the reference parser on', () => {
  for (const { name, input_b64 } of eventStreamCases) {
    it(name, () => {
      const bytes = Buffer.from(input_b64, 'base64')
      expect(parseByPeer(bytes)).toEqual(referenceParse(bytes))
    })
  }
})

it('every case has a unique name, and its chunk sizes add up to its length', () => {
  expect(new Set(eventStreamCases.map(({ name }) => name)).size).toBe(eventStreamCases.length)
  for (const { input_b64, chunk_sizes } of eventStreamCases) {
    if (!chunk_sizes) continue
    expect(chunk_sizes.reduce((a, b) => a + b, 0)).toBe(Buffer.from(input_b64, 'base64').length)
  }
})

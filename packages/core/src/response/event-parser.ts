import { createParser } from 'eventsource-parser'
import { notify } from '../stream/notify.ts'
import type { DecoderHandler, DecoderOptions } from './decoder-handler.ts'
import { createRetainedStrings } from './retained-strings.ts'

/** Turns the text of complete segments into calls of a handler. */
export interface EventParser {
  /** Parses a text that took `size` bytes. */
  parse(text: string, size: number): void
  /** Stops at once, also from within the handler. */
  stop(): void
}

/** Creates the parser of one response. */
export function createEventParser(
  handler: DecoderHandler,
  { types, comments, cursor, warnings }: DecoderOptions,
): EventParser {
  const { keep, keepType, measure } = createRetainedStrings()
  let live = true
  let events = 0
  let lastType = 'message'

  const parser = createParser({
    onEvent({ id, event = 'message', data }) {
      events += 1
      // Most events repeat the type of the one before. The same string makes comparisons fast.
      if (event !== lastType) lastType = keepType(event)
      if (cursor && id === undefined && live) handler.onParsed?.()
      if (live && (!types || types.has(lastType))) handler.onEvent(lastType, keep(data))
    },
    onId: (id) => live && handler.onId(keep(id)),
    onRetry: (milliseconds) => live && handler.onRetry(milliseconds),
    onComment: comments && ((comment) => live && notify(comments, keep(comment))),
    // The parser makes an error of each unknown field, which takes long.
    ...(warnings && { onError: ({ type }) => live && type === 'invalid-retry' && handler.onBadRetry?.() }),
  })
  // The parser strips a byte order mark from its first input. The decoder strips the real one, from the bytes.
  parser.feed('\n')

  return {
    parse(text, size) {
      parser.feed(text)
      const hadEvents = events > 0
      if (hadEvents) measure(size / events)
      events = 0
      if (live) handler.onParsed?.(hadEvents)
    },
    stop() {
      live = false
    },
  }
}

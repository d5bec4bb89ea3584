import type { SseEvent } from '../src/index.ts'

/** An event of an event stream. */
export function event<T, const E extends string = 'message'>(
  data: T,
  type?: E,
  lastEventId = '',
): SseEvent<T, E> {
  // Without a type argument `E` is its default.
  return { type: type ?? ('message' as E), data, lastEventId }
}

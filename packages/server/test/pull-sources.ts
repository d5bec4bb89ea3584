import type { SseMessage } from '@rxsse/shared'

/** Counts what a source has given, and whether it was returned or cancelled. */
export interface Source {
  given: number
  cancelled: number
}

const ROW = 'x'.repeat(10_000)

export const SOURCES: Readonly<Record<string, (source: Source, rows: number) => Iterable<SseMessage>>> = {
  'an async generator': (source, rows) =>
    (async function* () {
      try {
        for (; source.given < rows; source.given++) yield { data: ROW }
      } finally {
        if (source.given < rows) source.cancelled++
      }
    })() as never,
  'a generator': (source, rows) =>
    (function* () {
      try {
        for (; source.given < rows; source.given++) yield { data: ROW }
      } finally {
        if (source.given < rows) source.cancelled++
      }
    })(),
  'a ReadableStream': (source, rows) =>
    new ReadableStream(
      {
        pull(controller) {
          if (source.given++ < rows) controller.enqueue({ data: ROW })
          else controller.close()
        },
        cancel: () => void source.cancelled++,
      },
      { highWaterMark: 0 },
    ) as never,
}

/** Sources whose next value never comes. */
export const PENDING: Readonly<Record<string, (cancelled: () => void) => Iterable<SseMessage>>> = {
  'an async iterable': (cancelled) =>
    ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => cancelled(),
      }),
    }) as never,
  'a ReadableStream': (cancelled) => new ReadableStream({ cancel: cancelled }) as never,
}

import type { Attempt, RecordedRequest } from '@rxsse/testing'

/** A server's endless stream with IDs from 1. A new client first gets the ID of the last event, as from a sink with a log. */
export interface LiveFeed {
  /** Events published. */
  readonly count: number
  publish(count: number): void
  answer(request: RecordedRequest): Attempt
}

export function createLiveFeed(): LiveFeed {
  let count = 0
  let announce = (): void => {}
  let news = createNews()
  function createNews(): Promise<void> {
    return new Promise((resolve) => {
      announce = resolve
    })
  }
  async function* follow(after: number) {
    for (let next = after; ; ) {
      while (next < count) {
        next += 1
        yield `id: ${next}\ndata: ${next}\n\n`
      }
      yield { until: news }
    }
  }
  return {
    get count() {
      return count
    },
    publish(more) {
      count += more
      announce()
      news = createNews()
    },
    answer: ({ lastEventId }) => ({
      status: 200,
      body: (async function* () {
        const start = lastEventId === '' ? count : Number(lastEventId)
        yield `id: ${start}\n\n`
        yield* follow(start)
      })(),
    }),
  }
}

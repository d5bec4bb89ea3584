import { Observable } from 'rxjs'
import type { Contender } from '../harness/suite.ts'

/** A sensor reading. There is one every 10 ms, from one sensor after another. */
export interface Reading {
  readonly time: number
  readonly sensor: number
  readonly value: number
}

/**
 * Creates a contender that runs a pipeline over prepared readings, synchronously. The pipeline is built once, as in real
 * programs, and subscribed twice: to warm up and to measure.
 */
export function createReadingsContender(
  name: string,
  { howMany, sensors }: { readonly howMany: number; readonly sensors: number },
  pipeline: (source: Observable<Reading>) => Observable<unknown>,
): Contender {
  return {
    name,
    prepare() {
      const list = Array.from({ length: howMany }, (_, i) => ({
        time: 1_700_000_000_000 + i * 10,
        sensor: i % sensors,
        value: ((i * 7919) % 1000) / 10,
      }))
      let operations = 0
      const source = emitAll(list, () => operations)
      const results = pipeline(source)
      return {
        run(howMany) {
          operations = howMany
          return drain(results)
        },
      }
    },
  }
}

/** Runs a synchronous observable to its end and counts its results: contenders with fewer results did less work. */
export function drain(results: Observable<unknown>): { readonly results: number } {
  let count = 0
  let ended = false
  results.subscribe({
    next: () => count++,
    complete: () => {
      ended = true
    },
  })
  if (!ended) throw new Error('the pipeline did not complete')
  return { results: count }
}

export function emitAll<T>(list: readonly T[], howMany: () => number): Observable<T> {
  return new Observable((subscriber) => {
    const end = Math.min(howMany(), list.length)
    for (let i = 0; i < end; i++) subscriber.next(list[i] as T)
    subscriber.complete()
  })
}

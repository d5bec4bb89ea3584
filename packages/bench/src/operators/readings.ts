import { Observable } from 'rxjs'
import type { Contender } from '../harness/suite.ts'

/** What the windows are made of: an event each 10 ms, of one sensor after another. */
export interface Reading {
  readonly time: number
  readonly sensor: number
  readonly value: number
}

/**
 * A contender that makes something of readings that are there beforehand, and come synchronously. The pipeline is built once, as programs
 * do, and subscribed to twice: to warm up and to be measured.
 */
export function overReadings(
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
      const source = inOrder(list, () => operations)
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

/** Runs an observable that is synchronous to its end. Answers what it gave: a contender that gives less has not done the job. */
export function drain(results: Observable<unknown>): { readonly results: number } {
  let count = 0
  let ended = false
  results.subscribe({
    next: () => count++,
    complete: () => {
      ended = true
    },
  })
  if (!ended) throw new Error('the pipeline has not completed')
  return { results: count }
}

export function inOrder<T>(list: readonly T[], howMany: () => number): Observable<T> {
  return new Observable((subscriber) => {
    const end = Math.min(howMany(), list.length)
    for (let i = 0; i < end; i++) subscriber.next(list[i] as T)
    subscriber.complete()
  })
}

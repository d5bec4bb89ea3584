import { data, ofType, type SseEvent } from '@rxsse/operators'
import { filter, map, type Observable } from 'rxjs'
import type { Contender, Suite } from '../harness/suite.ts'
import { drain, inOrder } from './readings.ts'

const through = (
  name: string,
  pipeline: (source: Observable<SseEvent<number>>) => Observable<unknown>,
): Contender => ({
  name,
  prepare() {
    const events = Array.from(
      { length: 1000 },
      (_, i): SseEvent<number> => ({ type: 'price', data: i, lastEventId: '' }),
    )
    const results = pipeline(inOrder(events, () => events.length))
    return {
      run(operations) {
        for (let i = 0; i < operations; i += events.length) drain(results)
      },
    }
  },
})

export const suite: Suite = {
  title: 'Passing through',
  description: 'Operators that pass an event on, beside those of RxJS that do the same.',
  operation: 'event',
  operations: { full: 20_000_000, quick: 5_000_000, warmUp: 5_000_000 },
  contenders: [
    through('data', (source) => source.pipe(data())),
    through('ofType', (source) => source.pipe(ofType('price'))),
    through('RxJS map', (source) => source.pipe(map((event) => event.data))),
    through('RxJS filter', (source) => source.pipe(filter((event) => event.type === 'price'))),
  ],
  targets: [
    { contender: 'data', against: 'RxJS map', atMost: 1.3 },
    { contender: 'ofType', against: 'RxJS map', atMost: 1.3 },
  ],
}

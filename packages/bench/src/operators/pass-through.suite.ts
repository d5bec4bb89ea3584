import { data, ofType, type SseEvent } from '@rxsse/operators'
import { filter, map, type Observable } from 'rxjs'
import type { Contender, Suite } from '../harness/suite.ts'
import { drain, emitAll } from './readings.ts'

const createContender = (
  name: string,
  pipeline: (source: Observable<SseEvent<number>>) => Observable<unknown>,
): Contender => ({
  name,
  prepare() {
    const events = Array.from(
      { length: 1000 },
      (_, i): SseEvent<number> => ({ type: 'price', data: i, lastEventId: '' }),
    )
    const results = pipeline(emitAll(events, () => events.length))
    return {
      run(operations) {
        for (let i = 0; i < operations; i += events.length) drain(results)
      },
    }
  },
})

export const suite: Suite = {
  title: 'Pass-through',
  description: 'Operators that pass each event on, and the RxJS operators that do the same.',
  operation: 'event',
  operations: { full: 20_000_000, quick: 5_000_000, warmUp: 5_000_000 },
  contenders: [
    createContender('data', (source) => source.pipe(data())),
    createContender('ofType', (source) => source.pipe(ofType('price'))),
    createContender('RxJS map', (source) => source.pipe(map((event) => event.data))),
    createContender('RxJS filter', (source) => source.pipe(filter((event) => event.type === 'price'))),
  ],
  ours: ['data', 'ofType'],
  targets: [
    { contender: 'data', against: 'RxJS map', atMost: 1.3 },
    { contender: 'ofType', against: 'RxJS map', atMost: 1.3 },
  ],
}

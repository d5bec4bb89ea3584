import { dedupe } from '@rxsse/operators'
import { LRUCache } from 'lru-cache'
import { distinct, filter, type MonoTypeOperatorFunction } from 'rxjs'
import type { Contender, Suite } from '../harness/suite.ts'
import { drain, emitAll } from './readings.ts'

const operations = { full: 1_000_000, quick: 300_000, warmUp: 300_000 }
const MAX_KEYS = 100_000
/** Each second event repeats one that came this many events before. */
const REPEATED_AFTER = 2001

const create = (name: string, createOperator: () => MonoTypeOperatorFunction<number>): Contender => ({
  name,
  prepare() {
    const list = Array.from({ length: operations.full }, (_, i) =>
      i % 2 === 0 || i < REPEATED_AFTER ? i : i - REPEATED_AFTER,
    )
    let howMany = 0
    const source = emitAll(list, () => howMany)
    return {
      run(operations) {
        howMany = operations
        return drain(source.pipe(createOperator()))
      },
    }
  },
})

const OURS = 'dedupe, 100,000 keys'
const LRU = 'lru-cache and filter, 100,000 keys'

export const suite: Suite = {
  title: 'Deduplicating',
  description:
    'Half of the events repeat one that came 2001 events before. The newest 100,000 keys are remembered. RxJS remembers all.',
  operation: 'event',
  operations,
  contenders: [
    create(OURS, () => dedupe({ key: (n) => n, maxKeys: MAX_KEYS })),
    create(LRU, () => {
      const seen = new LRUCache<number, true>({ max: MAX_KEYS })
      return filter((n) => {
        if (seen.get(n)) return false
        seen.set(n, true)
        return true
      })
    }),
    create('RxJS distinct', () => distinct()),
  ],
  targets: [{ contender: OURS, against: LRU, atMost: 1.1 }],
}

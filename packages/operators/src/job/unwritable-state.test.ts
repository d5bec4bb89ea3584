import type { Snapshot, SseEvent } from '@rxsse/shared'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { type MonoTypeOperatorFunction, Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { event } from '../../test/driven-job.ts'
import { turn } from '../../test/turn.ts'
import type { Stage } from '../index.ts'
import { lag } from '../keyed/lag.ts'
import { scanByKey } from '../keyed/scan-by-key.ts'
import { debounceByKey } from '../rate/debounce-by-key.ts'
import { buildJob } from './create-job.ts'

type Keyed = SseEvent & { readonly key: string }
type Operator = (options: {
  readonly stage: Stage
  readonly onError: (error: unknown) => void
}) => MonoTypeOperatorFunction<never>

const key = (e: Keyed) => e.key
// Each holds the newest event of a key.
const operators: Readonly<Record<string, Operator>> = {
  lag: (options) => lag<Keyed, unknown, string>({ key, ...options }, (e) => e) as never,
  scanByKey: (options) =>
    scanByKey<Keyed, unknown, string>({ key, seed: () => null, ...options }, (_, e) => e) as never,
  debounceByKey: (options) => debounceByKey<Keyed>({ key, quiet: '1h', ...options }) as never,
}

describe('a state that cannot be written', () => {
  it.each(Object.keys(operators))(
    'fails the job if it changes while %s is copied, and is no error of the event',
    async (name) => {
      const clock = new VirtualClock()
      const source = new Subject<Keyed>()
      const saved: Snapshot[] = []
      const store = { load: () => saved.at(-1), save: (snapshot: Snapshot) => void saved.push(snapshot) }
      // One record is copied in each turn.
      const job = buildJob({ store, every: '1h', scheduler: clock }, 1)
      const ofEvents: unknown[] = []
      const errors: unknown[] = []
      const stage = job.stage('latest')
      job
        .feed('numbers', () => source)
        .pipe((operators[name] as Operator)({ stage, onError: (error) => ofEvents.push(error) }) as never)
        .subscribe({ error: (error) => errors.push(error) })
      await turn()
      const send = (id: string, of: string, more = {}) => source.next({ ...event(id), key: of, ...more })
      send('1', 'a')
      send('2', 'b')
      send('3', 'c', { read: () => 1 })

      const snapshot = job.snapshot().catch((error: unknown) => error)
      // The turn after the cut, in which one record is copied.
      clock.schedule(() => {
        send('4', 'c')
        expect([ofEvents, errors, stage.counts().in]).toEqual([[], [], 4])
      })
      clock.advanceTo(100)
      const error = new TypeError(
        'a state must be data that structuredClone copies without loss, not function',
      )
      expect(await snapshot).toEqual(error)
      expect([ofEvents, errors, saved]).toEqual([[], [error], []])
    },
  )
})

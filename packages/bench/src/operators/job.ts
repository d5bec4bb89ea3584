import { createJob, createStage, hopping, type SseEvent, type Stage, windowAggregate } from '@rxsse/operators'
import { memoryStore } from '@rxsse/operators/store'
import { map, Observable } from 'rxjs'
import type { Contender, Suite } from '../harness/suite.ts'

const WITHOUT = 'without a job'
const JOB = 'a job with a snapshot every 5 s'

/** The same windows by key, as a job and without one. */
export function createJobSuite(keys: number, description: string): Suite {
  return {
    title: `Jobs, ${keys.toLocaleString('en')} keys`,
    description: `${description} Count, sum and maximum by key, in windows of six seconds that start every second. Events come as text, 500 in each turn of the event loop. The longest turn of the event loop is in milliseconds of CPU time of its thread, which other work of the machine hardly changes.`,
    operation: 'event',
    operations: { full: 12_000_000, quick: 1_500_000, warmUp: 500_000 },
    contenders: [createContender(JOB, keys), createContender(WITHOUT, keys)],
    targets: [{ contender: JOB, against: WITHOUT, atMost: 1.1 }],
  }
}

interface Reading {
  readonly key: number
  readonly value: number
}

function createContender(name: string, keys: number): Contender {
  return {
    name,
    prepare() {
      // The watermark stands still, so that no turn is long because a window of all keys fires.
      const texts = Array.from({ length: keys }, (_, key) =>
        JSON.stringify({ key, value: (key * 7919) % 1000 }),
      )
      const pipeline = (source: Observable<SseEvent>, stage: Stage) =>
        source.pipe(
          map(({ data, lastEventId }) => ({ ...(JSON.parse(data) as Reading), n: Number(lastEventId) })),
          windowAggregate(hopping({ size: '6s', every: '1s' }), {
            // Six slices for each key.
            timestamp: ({ n }) => (Math.floor(n / keys) % 6) * 1000,
            maxOutOfOrderness: '1h',
            key: ({ key }) => key,
            aggregates: (a) => ({
              n: a.count(),
              sum: a.sum(({ value }) => value),
              most: a.max(({ value }) => value),
            }),
            stage,
          }),
        )
      return {
        run: (operations) =>
          new Promise((resolve, reject) => {
            const turns = { longest: 0 }
            const source = inTurns(texts, operations, turns)
            const job = createJob({ store: memoryStore(), every: '5s' })
            let bytes = 0
            job.status.subscribe(({ saved }) => {
              if (saved !== undefined) bytes = saved.bytes
            })
            const results =
              name === JOB
                ? pipeline(
                    job.feed('readings', () => source),
                    job.stage('windows'),
                  )
                : pipeline(source, createStage('windows'))
            results.subscribe({
              complete: () =>
                resolve({ 'longest turn': turns.longest, 'snapshot, bytes a key': Math.round(bytes / keys) }),
              error: reject,
            })
          }),
      }
    },
  }
}

/** Emits events in turns of the event loop, and measures the longest turn of others between two of them. */
function inTurns(
  texts: readonly string[],
  operations: number,
  turns: { longest: number },
): Observable<SseEvent> {
  return new Observable((out) => {
    let n = 0
    const work = () => {
      for (const end = Math.min(n + 500, operations); n < end; n++) {
        out.next({ type: 'message', data: texts[n % texts.length] as string, lastEventId: String(n) })
      }
      const before = process.threadCpuUsage()
      if (n === operations) out.complete()
      else
        setImmediate(() => {
          const { user, system } = process.threadCpuUsage(before)
          turns.longest = Math.max(turns.longest, (user + system) / 1000)
          work()
        })
    }
    work()
  })
}

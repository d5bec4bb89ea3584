import { createJob, scanByKey } from '@rxsse/operators'
import { memoryStore } from '@rxsse/operators/store'
import { filter, from, merge, Observable, tap } from 'rxjs'
import { type AnyScenario, scenario } from '../scenario.ts'

interface Numbered {
  readonly data: number
  readonly lastEventId: string
}

const event = (n: number): Numbered => ({ data: n, lastEventId: `${n}` })

const KILLED = 5_800
const RESTARTED = 7_000

export const jobScenarios: Readonly<Record<string, AnyScenario>> = {
  'create-job': scenario({
    call: "scanByKey(…, { stage: job.stage('sum') }),\njob.deliver(publish)",
    alt: 'A job adds up numbers and saves a snapshot every two seconds. Its process is killed. The next one is restored from the last snapshot, gets the events since then again, and its sums go on as if nothing had happened. A result that is made again has the same id, so it is published once.',
    until: 12,
    source: [
      [0.7, event(1)],
      [1.6, event(2)],
      [3.2, event(3)],
      [5, event(4)],
      [6.4, event(5)],
      [8.6, event(6)],
      [10.4, event(7)],
    ],
    show: ({ data }) => ({ text: `${data}`, tone: 1 }),
    operate: (source, { scheduler, lane }) => {
      const handled = lane('events handled', (n: number) => ({ text: `${n}`, tone: 1 }))
      const saved = lane('snapshots', (snapshot: number) => ({ text: `${snapshot}`, tone: 2 }))
      const process = lane('the process', (text: string) => ({ text, tone: 3 }))
      const store = memoryStore()
      const past: Numbered[] = []
      const published = new Set<string>()
      let newest = 0

      const run = (): Observable<number> => {
        let isTold = false
        const job = createJob({ store, every: '2s', scheduler })
        const statuses = job.status.pipe(
          tap(({ phase, restoredFrom, saved: last }) => {
            if (last !== undefined && last.number > newest) {
              newest = last.number
              saved(newest)
            }
            if (phase === 'running' && restoredFrom > 0 && !isTold) {
              isTold = true
              process(`restored\nfrom ${restoredFrom}`)
            }
          }),
          filter((_): _ is never => false),
        )
        const sums = job
          .feed('numbers', ({ lastEventId = '0' }) =>
            merge(from(past.filter(({ data }) => data > Number(lastEventId))), source),
          )
          .pipe(
            tap(({ data }) => handled(data)),
            scanByKey({ seed: () => 0, stage: job.stage('sum') }, (sum, { data }) => sum + data),
            job.deliver((sum, { id }) => {
              const isNew = !published.has(id)
              published.add(id)
              return isNew ? sum : undefined
            }),
            filter((sum) => sum !== undefined),
          )
        return merge(statuses, sums)
      }
      return new Observable<number>((out) => {
        // What a server with a log does.
        out.add(source.subscribe((event) => past.push(event)))
        const start = () => {
          const running = run().subscribe((sum) => out.next(sum))
          out.add(running)
          return running
        }
        const first = start()
        scheduler.schedule(() => {
          process('killed')
          first.unsubscribe()
        }, KILLED)
        scheduler.schedule(start, RESTARTED)
      })
    },
    showOut: (sum) => ({ text: `${sum}`, tone: 3 }),
  }),
}

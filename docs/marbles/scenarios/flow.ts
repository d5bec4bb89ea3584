import { batchWith, commit, conflateWith, ofType, processWith, type StageCounts } from '@rxsse/operators'
import { map, timer } from 'rxjs'
import { type AnyScenario, type Marble, scenario } from '../scenario.ts'

interface Numbered {
  readonly type: string
  readonly data: number
  readonly lastEventId: string
}

const event = (n: number, type = 'message'): Numbered => ({ type, data: n, lastEventId: `${n}` })
const number = (n: number): Marble => ({ text: `${n}`, tone: 1 })
const numbered = ({ data }: Numbered): Marble => number(data)
const group = (numbers: readonly number[]): Marble => ({ text: `[${numbers.join(', ')}]`, tone: 2 })

const hasty: readonly (readonly [number, number])[] = [
  [0.6, 1],
  [1.5, 2],
  [2.4, 3],
  [3.3, 4],
  [4.8, 5],
  [9, 6],
]

export const flowScenarios: Readonly<Record<string, AnyScenario>> = {
  'process-with': scenario({
    call: "processWith(work, { buffer: 1,\noverflow: 'drop-oldest' })",
    alt: 'Work takes two and a half seconds for each event. One may wait meanwhile; when another comes, the one that waits goes to onDropped. The output completes after the last is done.',
    until: 12,
    completes: 9.5,
    source: hasty,
    show: number,
    operate: (source, { scheduler, lane }) => {
      const called = lane('work is called with', number)
      return source.pipe(
        processWith(
          (n) => {
            called(n)
            return timer(2500, scheduler).pipe(map(() => n))
          },
          { buffer: 1, overflow: 'drop-oldest', onDropped: lane('onDropped', number) },
        ),
      )
    },
    showOut: (n) => ({ text: `${n}`, tone: 3 }),
  }),
  'batch-with': scenario({
    call: 'batchWith({ maxItems: 3 }, work)',
    alt: 'The first event is handed over at once. Those that come while work is busy, two and a half seconds each time, are handed over together.',
    until: 12,
    completes: 9.5,
    source: hasty,
    show: number,
    operate: (source, { scheduler, lane }) => {
      const called = lane('work is called with', group)
      return source.pipe(
        batchWith({ maxItems: 3 }, (batch) => {
          called(batch)
          return timer(2500, scheduler).pipe(map(() => batch.length))
        }),
      )
    },
    showOut: (n) => ({ text: `${n} done`, tone: 3 }),
  }),
  'conflate-with': scenario({
    call: 'conflateWith((sum = 0, n) => sum + n, work)',
    alt: 'The first event is handed over at once. Those that come while work is busy are added up, and their sum is handed over.',
    until: 12,
    completes: 9.5,
    source: hasty,
    show: number,
    operate: (source, { scheduler, lane }) => {
      const called = lane('work is called with', number)
      return source.pipe(
        conflateWith(
          (sum: number | undefined, n: number) => (sum ?? 0) + n,
          (sum) => {
            called(sum)
            return timer(2500, scheduler).pipe(map(() => sum))
          },
        ),
      )
    },
    showOut: (n) => ({ text: `${n}`, tone: 3 }),
  }),
  commit: scenario({
    call: 'processWith(work, { concurrency: 3, stage }),\ncommit(checkpoint, { after: stage })',
    alt: 'Three events are handled side by side. The second is done before the first, but nothing is saved past the first until that is done as well: then 2 is saved. After the third, 3 is.',
    until: 10,
    completes: 9.5,
    source: [
      [0.8, event(1)],
      [1.8, event(2)],
      [2.8, event(3)],
      [6, event(4)],
    ],
    show: numbered,
    operate: (source, { scheduler, lane, stage }) => {
      const took: Readonly<Record<number, number>> = { 1: 4, 2: 1.2, 3: 4.4, 4: 2.6 }
      return source.pipe(
        processWith((e) => timer((took[e.data] ?? 1) * 1000, scheduler).pipe(map(() => e.data)), {
          concurrency: 3,
          overflow: 'fail',
          stage,
        }),
        commit({ save: lane('checkpoint.save', (id: string) => ({ text: id, tone: 2 })) }, { after: stage }),
      )
    },
    showOut: (n) => ({ text: `${n}`, tone: 3 }),
  }),
  'create-stage': scenario({
    call: "ofType(['price'], { stage })\nstage.changes({ every: '2s' })",
    alt: 'Events pass as they would without a stage. At most every two seconds, if something has changed, the stage emits how many came in, how many went out and how many were dropped.',
    until: 10,
    completes: 8.5,
    source: [
      [0.8, event(1, 'price')],
      [2.1, event(2, 'note')],
      [3.4, event(3, 'price')],
      [5, event(4, 'price')],
      [7.5, event(5, 'note')],
    ],
    show: ({ type }) => ({ text: type, tone: type === 'price' ? 1 : 0 }),
    operate: (source, { scheduler, lane, stage }) => {
      const show = lane('stage.changes', (m: StageCounts) => ({
        text: `in ${m.in}\nout ${m.out}\ndropped ${m.dropped}`,
        tone: 2,
      }))
      stage.changes({ every: '2s', scheduler }).subscribe(show)
      return source.pipe(ofType(['price'], { stage }))
    },
    showOut: ({ type }) => ({ text: type, tone: 1 }),
  }),
}

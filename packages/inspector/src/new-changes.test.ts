import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createChangeFilter } from './new-changes.ts'
import { History } from './page/history.ts'
import type { Sample, SourceSample } from './sample.ts'
import { sampleSource, watchSource } from './watch-source.ts'

const STATUSES = ['connecting', 'open', 'waiting'] as const

it('each change is sent once to each viewer, and its page has them all, also after it connects again', () => {
  const action = fc.oneof(
    { arbitrary: fc.record({ changes: fc.integer({ min: 1, max: 250 }) }), weight: 2 },
    { arbitrary: fc.constant('sample' as const), weight: 4 },
    { arbitrary: fc.constant('connect' as const), weight: 1 },
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const watched = watchSource()
      const history = new History()
      let filter = createChangeFilter()
      let time = 0
      let unsent = 0
      for (const each of actions) {
        if (typeof each === 'object') {
          for (let n = 0; n < each.changes; n++)
            watched.state.next({ status: STATUSES[n % STATUSES.length] ?? 'open' })
          unsent += each.changes
        } else if (each === 'connect') {
          filter = createChangeFilter()
          unsent = Number.POSITIVE_INFINITY
        } else {
          const source = sampleSource(watched, 'trades') as SourceSample
          const sources = [source]
          const sample: Sample = {
            time: ++time,
            process: undefined,
            sources,
            pipelines: [],
            sinks: [],
            jobs: [],
          }
          const sent: Sample = JSON.parse(JSON.stringify(filter(sample)))
          expect(sent.sources[0]?.timeline.length).toBe(Math.min(unsent, source.timeline.length))
          unsent = 0
          history.add(sent)
          const kept: number[] = []
          history.rates(({ sources: [first] }) => kept.push(first?.timeline.length ?? -1))
          expect(kept.slice(0, -2).every((length) => length === 0)).toBe(true)
          expect(history.latest?.sources).toEqual(sources)
        }
      }
    }),
  )
})

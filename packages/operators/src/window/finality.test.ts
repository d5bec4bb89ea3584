import type { SseEvent } from '@rxsse/shared'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { event } from '../../test/events.ts'
import { commit } from '../flow/commit.ts'
import { createStage } from '../stage/create-stage.ts'
import { hopping } from './spec.ts'
import { windowAggregate } from './window-aggregate.ts'

it('a commit takes the same time for an event, however many keys and events the open windows have', () => {
  const source = new Subject<SseEvent<number>>()
  const stage = createStage('windows')
  const saved: string[] = []
  source
    .pipe(
      windowAggregate(hopping({ size: 1000, every: 500 }), {
        timestamp: (e) => e.data,
        key: (e) => Number(e.lastEventId) % 10_000,
        stage,
        aggregates: (a) => ({ n: a.count() }),
      }),
      commit({ save: (id) => void saved.push(id) }, { after: stage }),
    )
    .subscribe()
  for (let id = 0; id < 200_000; id++) source.next(event(id / 200, 'message', `${id}`))
  expect(saved).toEqual([])
  // The first two windows have fired. The events from 500 on are in the third, too.
  source.next(event(1000, 'message', '200000'))
  expect(saved).toEqual(['99999'])
  source.complete()
  expect(saved.at(-1)).toBe('200000')
})

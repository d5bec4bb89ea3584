import { createStage, type SseEvent, type Stage, scanByKey } from '@rxsse/operators'
import type { OperatorFunction } from 'rxjs'
import type { Messages } from '../messages/messages.ts'

export type Counts = Messages['status']['counts']

export const NO_COUNTS: Counts = { in: 0, out: 0, resumed: 0, missed: 0, repeated: 0 }

type EventCounts = Omit<Counts, 'out'>

/**
 * Counts the feed's events. Their ids are consecutive numbers, so missed and repeated events are counted too.
 * `connection` names the connection that an event came over.
 */
export function countEvents(
  connection: () => string,
  stage: Stage = createStage('counts'),
): OperatorFunction<SseEvent, EventCounts> {
  return scanByKey(
    {
      seed: () => ({ counts: NO_COUNTS as EventCounts, lastId: 0, lastConnection: '' }),
      project: ({ counts }) => counts,
      stage,
    },
    ({ counts, lastId, lastConnection }, { lastEventId }) => {
      const id = Number(lastEventId)
      const isNew = id > lastId
      const current = connection()
      const isResumed = current !== lastConnection && lastConnection !== ''
      return {
        counts: {
          in: counts.in + 1,
          resumed: counts.resumed + (isResumed ? 1 : 0),
          missed: counts.missed + (isNew ? id - lastId - 1 : 0),
          repeated: counts.repeated + (isNew ? 0 : 1),
        },
        lastId: isNew ? id : lastId,
        lastConnection: current,
      }
    },
  )
}

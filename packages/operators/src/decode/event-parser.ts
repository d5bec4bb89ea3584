import type { SseEvent } from '../event.ts'
import type { Stage, StageContext } from '../stage/operate.ts'
import type { SideOutput } from '../stage/side-output.ts'
import { type InvalidEvent, parseIssue, rejector } from './invalid-event.ts'

export interface ParseOptions {
  /** Where events go that do not parse. Default: the stream errors with a `DecodeError`. */
  readonly onInvalid?: SideOutput<InvalidEvent>
}

/** Replaces each event's data by what `parse` makes of it. What `parse` throws is the reason an event is invalid. */
export function parsing<In, Out>(
  stage: StageContext<SseEvent<Out>>,
  operator: string,
  onInvalid: SideOutput<InvalidEvent> | undefined,
  parse: (data: In) => Out,
): Stage<SseEvent<In>> {
  const reject = rejector(stage, `${operator}: onInvalid`, onInvalid)
  return {
    next(event) {
      let data: Out
      try {
        data = parse(event.data)
      } catch (cause) {
        reject(event, parseIssue(cause), { cause })
        return
      }
      stage.ledger.out++
      stage.out.next({ type: event.type, data, lastEventId: event.lastEventId })
    },
  }
}

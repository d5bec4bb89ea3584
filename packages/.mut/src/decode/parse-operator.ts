import type { SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { operateAtOnce, type StageOptions } from '../stage/operate.ts'
import { resolveSideOutput, type SideOutput } from '../stage/side-output.ts'
import { type InvalidEvent, rejectInvalid } from './invalid-event.ts'

export interface ParseOptions extends StageOptions {
  /** Takes events whose data does not parse. Default: the stream errors with a `DecodeError`. */
  readonly onInvalid?: SideOutput<InvalidEvent>
}

/** Creates an operator that parses each event's data. If `parse` throws, the event is invalid. */
export function createParseOperator<In, Out, S extends SseEvent<In>>(
  operator: string,
  options: ParseOptions,
  parse: (data: In) => Out,
): OperatorFunction<S, SseEvent<Out, S['type']>> {
  const onInvalid = resolveSideOutput(options.onInvalid, `${operator}: onInvalid`)
  return operateAtOnce(operator, options.stage, (context) => ({
    next(event) {
      let data: Out
      try {
        data = parse(event.data)
      } catch (cause) {
        rejectInvalid(context, onInvalid, event, { cause })
        return
      }
      context.counts.out++
      context.out.next({ type: event.type, data, lastEventId: event.lastEventId })
    },
  }))
}

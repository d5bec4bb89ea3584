import type { SseEvent } from '@rxsse/shared'
import type { Observable, Subscription } from 'rxjs'
import type { EventSourceError } from '../errors/event-source-error.ts'
import { createFlowGate } from '../flow/flow-gate.ts'
import type { EventSourceOptions } from '../stream/options.ts'
import { queueTask } from './queue-task.ts'

/** Events that wait for their task before the socket is no longer read. */
const MAX_WAITING = 1000

/** What an EventSource hears of its stream. Each call is a task of its own. */
export interface StreamListener {
  onOpen(): void
  /** `origin` is where the stream comes from, after redirects. */
  onEvent(event: SseEvent, origin: string): void
  /** The stream has set a last event ID, after the events up to it. */
  onCursor?(id: string): void
  /** Another connection follows. Without an error, the server ended the response properly. */
  onLost(error: EventSourceError | undefined): void
  onOver(error: EventSourceError | undefined): void
}

/** Subscribes to the stream that `open` makes with the given options. `observer` gets its states. */
export function subscribeInTasks(
  open: (options: Pick<EventSourceOptions, 'gate' | 'state' | 'cursor'>) => Observable<SseEvent>,
  observer: EventSourceOptions['state'],
  listener: StreamListener,
): Subscription {
  const gate = createFlowGate({ high: MAX_WAITING })
  let origin = ''
  let aborted = false
  const state: EventSourceOptions['state'] = {
    next(state) {
      if (state.status === 'open') {
        origin = new URL(state.url).origin
        queueTask(() => listener.onOpen())
      } else if (state.status === 'waiting') {
        const error = state.reason === 'end' ? undefined : state.reason
        queueTask(() => listener.onLost(error))
      }
      observer?.next(state)
    },
  }
  // The parser is ahead of the tasks, by up to as many events as wait.
  const cursor = listener.onCursor && {
    next: (id: string) => queueTask(() => listener.onCursor?.(id)),
  }
  return open({ gate, state, ...(cursor && { cursor }) }).subscribe({
    next(event) {
      const from = origin
      gate.acquire()
      queueTask(() => {
        gate.release()
        // Whoever aborts wants no more events.
        if (!aborted) listener.onEvent(event, from)
      })
    },
    error(error: EventSourceError) {
      aborted = error.code === 'aborted'
      queueTask(() => listener.onOver(error))
    },
    complete: () => queueTask(() => listener.onOver(undefined)),
  })
}

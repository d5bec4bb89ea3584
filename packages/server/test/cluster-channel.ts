import { asyncScheduler } from 'rxjs'
import { PrimaryLog } from '../src/cluster/primary.ts'
import type { Channel } from '../src/cluster/protocol.ts'
import { WorkerLog } from '../src/cluster/worker.ts'
import { createClock } from '../src/connection/clock.ts'
import type { EventLog } from '../src/log/event-log.ts'

/** A message is copied as the two kinds of serialization of `node:child_process` do. */
export type Copy = (message: unknown) => unknown

export const copies = {
  json: (message) => JSON.parse(JSON.stringify(message)),
  advanced: structuredClone,
} satisfies Record<string, Copy>

/** A log as a worker sees it, whose primary is in this process too. */
export function openInWorker(log: EventLog, copy: Copy): EventLog {
  const context = {
    name: 'events',
    timeout: 10_000,
    maxUnsent: 1_048_576,
    clock: createClock(asyncScheduler),
    atEndOfTick: (work: () => void) => void setImmediate(work),
    onError: (error: unknown) => {
      throw error
    },
  }
  const primary = new PrimaryLog(log, context)
  const toWorker: Channel = {
    send: (message, sent) => pass(message, sent, (copied) => worker.receive(copied)),
  }
  const worker = new WorkerLog(
    { send: (message, sent) => pass(message, sent, (copied) => primary.receive(toWorker, copied)) },
    context,
  )
  return {
    append: (message, target, options) => worker.append(message, target, options),
    since: (after, bounds) => worker.since(after, bounds),
    head: () => worker.head(),
    tail: (listener) => worker.tail(listener),
    async close() {
      worker.close()
      await primary.close()
    },
  }

  function pass(message: unknown, sent: () => void, receive: (message: unknown) => void): void {
    const copied = copy(message)
    setImmediate(() => {
      receive(copied)
      sent()
    })
  }
}

import { PrimaryLog } from '../src/cluster/primary.ts'
import type { Channel } from '../src/cluster/protocol.ts'
import { WorkerLog } from '../src/cluster/worker.ts'
import { createClock } from '../src/connection/clock.ts'
import type { EventLog } from '../src/log/event-log.ts'
import { memoryLog } from '../src/log/memory-log.ts'
import { ManualScheduler } from './manual-scheduler.ts'

/** A worker and, once `open` is called, its primary, with virtual time. */
export function link(log: EventLog = memoryLog()) {
  const scheduler = new ManualScheduler()
  const errors: unknown[] = []
  const context = {
    name: 'events',
    timeout: 1_000,
    maxUnsent: 1_000,
    clock: createClock(scheduler),
    atEndOfTick: (work: () => void) => void setImmediate(work),
    onError: (error: unknown) => void errors.push(error),
  }
  let primary: PrimaryLog | undefined
  let client = ''
  let held: (() => void)[] | undefined
  const attempt = (work: () => void) => {
    try {
      work()
    } catch (error) {
      errors.push(error)
    }
  }
  const toWorker = (value: unknown) => {
    const copied = JSON.parse(JSON.stringify(value))
    setImmediate(() => attempt(() => worker.receive(copied)))
  }
  const toPrimary = (value: unknown) => {
    const copied = JSON.parse(JSON.stringify(value))
    client = copied.client
    const arrives = () => attempt(() => primary?.receive(channel, copied))
    if (held === undefined) setImmediate(arrives)
    else held.push(arrives)
  }
  const channel: Channel = {
    send(value, sent) {
      toWorker(value)
      setImmediate(sent)
    },
  }
  const worker = new WorkerLog({ send: toPrimary }, context)
  return {
    worker,
    log,
    scheduler,
    errors,
    channel,
    open() {
      primary = new PrimaryLog(log, context)
      channel.send({ rxsse: 'events', kind: 'begin' }, () => {})
      return primary
    },
    /** Keeps what the worker sends, or lets it go. */
    hold(on = true) {
      const late = held ?? []
      held = on ? [] : undefined
      for (const arrives of late) arrives()
    },
    say: (value: object) => toWorker({ rxsse: 'events', client, ...value }),
    ask: (value: object) => toPrimary({ rxsse: 'events', client, ...value }),
    async settle() {
      for (let turns = 0; turns < 8; turns++) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

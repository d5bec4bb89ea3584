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
  let heldByWorker: (() => void)[] | undefined
  const longest = { toPrimary: 0, toWorker: 0 }
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
  const toPrimary = (value: unknown, sent = () => {}) => {
    const text = JSON.stringify(value)
    const copied = JSON.parse(text)
    client = copied.client
    longest.toPrimary = Math.max(longest.toPrimary, text.length)
    const arrives = () => {
      attempt(() => primary?.receive(channel, copied))
      sent()
    }
    if (held === undefined) setImmediate(arrives)
    else held.push(arrives)
  }
  const channel: Channel = {
    send(value, sent) {
      const text = JSON.stringify(value)
      longest.toWorker = Math.max(longest.toWorker, text.length)
      const arrives = () => {
        toWorker(JSON.parse(text))
        setImmediate(sent)
      }
      if (heldByWorker === undefined) arrives()
      else heldByWorker.push(arrives)
    },
  }
  const worker = new WorkerLog({ send: toPrimary }, context)
  return {
    worker,
    log,
    scheduler,
    errors,
    channel,
    /** Characters of the longest message that was sent. */
    longest,
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
    /** As `hold`, for what the primary sends. */
    holdPrimary(on = true) {
      const late = heldByWorker ?? []
      heldByWorker = on ? [] : undefined
      for (const arrives of late) arrives()
    },
    /** How many messages of the worker are held. */
    heldMessages: () => held?.length ?? 0,
    say: (value: object) => toWorker({ rxsse: 'events', client, ...value }),
    ask: (value: object) => toPrimary({ rxsse: 'events', client, ...value }),
    async settle() {
      for (let turns = 0; turns < 8; turns++) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

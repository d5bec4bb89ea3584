import { randomUUID } from 'node:crypto'
import type { LogEntry, LoggedMessage, Target } from '@rxsse/server'
import type { Attempt, Connection, Failure } from './connection.ts'
import { decodeEntry, encodeBody, newEpoch, ownId } from './entry.ts'
import { RedisError, type RedisErrorCode } from './errors.ts'
import type { Faults } from './faults.ts'
import type { Horizon } from './horizon.ts'
import type { Keys } from './keys.ts'
import { pause } from './pause.ts'
import type { Settings } from './redis-log-options.ts'
import { append, run } from './script/script.ts'

export interface OutboxContext {
  readonly connection: Connection
  readonly keys: Keys
  readonly settings: Settings
  readonly faults: Faults
  readonly horizon: Horizon
}

/**
 * Messages on their way into the log, in the order of their calls. What comes while a batch is under way makes the
 * next one; with one at a time, a lost connection cannot put them out of order, and a batch that is sent again is
 * known by its number.
 */
export class Outbox {
  readonly #context: OutboxContext
  readonly #writer: string
  #waiting: Pending[] = []
  #sending = false
  #batches = 0

  constructor(context: OutboxContext) {
    this.#context = context
    this.#writer = context.keys.writer(randomUUID())
  }

  append(message: LoggedMessage, target: Target, sourceId: string | undefined): Promise<LogEntry> {
    return new Promise((resolve, reject) => {
      const { settings, faults } = this.#context
      const own = ownId(message, settings.ids)
      const pending: Pending = {
        message,
        target,
        source: sourceId === undefined ? '' : `=${sourceId}`,
        own: own === undefined ? '' : `=${own}`,
        body: encodeBody(message, target),
        resolve,
        reject,
        timer: setTimeout(() => {
          const text = `Redis did not take the message within ${settings.timeout} ms`
          refuse(pending, 'timeout', text, faults.latest)
        }, settings.timeout),
        sent: false,
        settled: false,
      }
      this.#waiting.push(pending)
      if (!this.#sending) this.#pump()
    })
  }

  /** Rejects what has not been answered. */
  close(): void {
    for (const pending of this.#waiting) refuse(pending, 'closed', 'the log is closed')
    this.#waiting = []
  }

  async #pump(): Promise<void> {
    this.#sending = true
    // What this turn of the event loop brings goes together.
    await undefined
    for (let tries = 0; this.#waiting.length > 0; ) {
      const batch = this.#take()
      if (batch.length === 0) continue
      const unsent = await this.#send(batch)
      if (unsent === undefined) {
        tries = 0
        continue
      }
      this.#waiting.unshift(...batch)
      const { faults, settings } = this.#context
      if (!faults.isWorthWaiting(settings.whenAway)) {
        this.#refuseAll(this.#waiting, 'unavailable', 'there is no connection to Redis', faults.latest)
      } else await pause(tries++)
    }
    this.#sending = false
  }

  #take(): Pending[] {
    let bytes = 0
    let count = 0
    for (const { body } of this.#waiting) {
      if (count === BATCH || (count > 0 && bytes + body.length > BATCH_LENGTH)) break
      bytes += body.length
      count++
    }
    return this.#waiting.splice(0, count).filter(({ settled }) => !settled)
  }

  /** Sends a batch until it is answered or nobody waits for it; gives a failure where it never left. */
  async #send(batch: readonly Pending[]): Promise<Failure | undefined> {
    const number = ++this.#batches
    for (let tries = 0; ; tries++) {
      for (const pending of batch) pending.sent = true
      const result = await this.#try(batch, number)
      if ('answer' in result) {
        this.#answered(batch, result.answer)
        return undefined
      }
      const { failure } = result
      if (this.#context.connection.closed) {
        this.#refuseAll(batch, 'closed', 'the log was closed before Redis answered')
        return undefined
      }
      if (failure.how === 'unsent' && tries === 0) {
        for (const pending of batch) pending.sent = false
        return failure
      }
      if (failure.how === 'refused') {
        for (const pending of batch) pending.sent = tries > 0
        this.#refuseAll(batch, 'refused', 'Redis refused the message', failure.error)
        return undefined
      }
      if (this.#context.settings.whenAway === 'fail') {
        this.#refuseAll(batch, 'unavailable', 'the connection to Redis was lost', failure.error)
        return undefined
      }
      await pause(tries)
      if (batch.every(({ settled }) => settled)) return undefined
    }
  }

  #try(batch: readonly Pending[], number: number): Promise<Attempt<Answer>> {
    const { connection, keys, settings, horizon } = this.#context
    return connection.try(async (client) => {
      const answer = await run(client, append, {
        keys: [keys.life, keys.events, keys.sources, keys.ids, this.#writer],
        arguments: [
          newEpoch(),
          `${horizon}`,
          String(settings.maxLength),
          String(number),
          REMEMBERED,
          ...batch.flatMap(({ source, own, body }) => [source, own, body]),
        ],
      })
      return answer as Answer
    })
  }

  #answered(batch: readonly Pending[], answer: Answer): void {
    const { horizon, settings } = this.#context
    batch.forEach((pending, index) => {
      const [place, offset, held] = answer[index] as Answer[number]
      horizon.raise(place, Number(offset))
      if (pending.settled) return
      settle(pending)
      pending.resolve(decodeEntry(place, Number(offset), held === '' ? pending.body : held, settings.ids))
    })
  }

  #refuseAll(batch: readonly Pending[], code: RedisErrorCode, text: string, cause?: unknown): void {
    for (const pending of batch) refuse(pending, code, text, cause)
  }
}

interface Pending {
  readonly message: LoggedMessage
  readonly target: Target
  /** Empty, or `=` and the id. */
  readonly source: string
  readonly own: string
  readonly body: string
  readonly resolve: (entry: LogEntry) => void
  readonly reject: (error: RedisError) => void
  readonly timer: NodeJS.Timeout
  sent: boolean
  settled: boolean
}

/** One for each message. */
type Answer = [place: string, offset: string, held: string][]

/** How many messages, and characters of them, are appended at once: Redis serves nobody else meanwhile. */
const BATCH = 256
const BATCH_LENGTH = 512 * 1024

/** For how many milliseconds Redis remembers a writer's last batch: longer than a copy may lie in any buffer. */
const REMEMBERED = String(3_600_000)

function refuse(pending: Pending, code: RedisErrorCode, text: string, cause?: unknown): void {
  if (pending.settled) return
  settle(pending)
  pending.reject(new RedisError(code, text, { mayBeAppended: pending.sent, cause }))
}

function settle(pending: Pending): void {
  pending.settled = true
  clearTimeout(pending.timer)
}

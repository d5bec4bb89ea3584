import { randomUUID } from 'node:crypto'
import type { LogEntry, LoggedMessage, Target } from '@rxsse/server'
import type { Unsubscribable } from 'rxjs'
import { backoff } from '../connection/backoff.ts'
import { type Failure, type Outcome, readAnswer } from '../connection/connection.ts'
import { RedisError, type RedisErrorCode } from '../connection/redis-error.ts'
import { appendScript, runScript } from '../scripts/script.ts'
import { FENCED } from '../scripts/store.lua.ts'
import { FIND_RIGHT, type Right } from '../store/fence.ts'
import { createEpoch, decodeEntry, encodeBody, findOwnId, isLogId } from './entry.ts'
import type { LogContext } from './log-context.ts'

/**
 * Appends messages in the order of the calls, in batches. Messages that arrive while a batch is sent form the next
 * one. Only one batch is sent at a time, so a lost connection cannot change the order. Batches are numbered, so Redis
 * recognizes one that is sent again.
 */
export class AppendQueue {
  readonly #context: LogContext
  readonly #writerKey: string
  #waiting: PendingMessage[] = []
  #sending = false
  #batches = 0

  constructor(context: LogContext) {
    this.#context = context
    this.#writerKey = context.keys.writer(randomUUID())
  }

  append(message: LoggedMessage, target: Target, sourceId: string | undefined): Promise<LogEntry> {
    const { settings, outages } = this.#context
    const right = settings.fence?.[FIND_RIGHT](sourceId)
    return new Promise((resolve, reject) => {
      const ownId = findOwnId(message, settings.ids)
      const pending: PendingMessage = {
        source: sourceId === undefined ? '' : `=${sourceId}`,
        ownId: ownId === undefined ? '' : `=${ownId}`,
        body: encodeBody(message, target),
        right,
        token: right?.token,
        resolve,
        reject,
        timeout: settings.scheduler.schedule(() => {
          const text = `Redis did not append the message within ${settings.timeout} ms`
          rejectMessage(pending, 'timeout', text, outages.latestError)
        }, settings.timeout),
        sent: false,
        settled: false,
      }
      this.#waiting.push(pending)
      if (!this.#sending) this.#sendAll()
    })
  }

  /** Rejects the messages that have not been sent. */
  close(): void {
    rejectAll(this.#waiting, 'closed', 'the log is closed')
    this.#waiting = []
  }

  async #sendAll(): Promise<void> {
    this.#sending = true
    // Messages of the same turn of the event loop go into one batch.
    await undefined
    for (let failures = 0; this.#waiting.length > 0; ) {
      const batch = this.#takeBatch()
      if (batch.length === 0) continue
      if (await this.#send(batch)) {
        failures = 0
        continue
      }
      this.#waiting.unshift(...batch)
      const { outages, settings } = this.#context
      if (outages.shouldWait(settings.whenAway)) await backoff(failures++, settings)
      else rejectAll(this.#waiting, 'unavailable', 'there is no connection to Redis', outages.latestError)
    }
    this.#sending = false
  }

  #takeBatch(): PendingMessage[] {
    let length = 0
    let count = 0
    for (const { body } of this.#waiting) {
      if (count === MAX_BATCH || (count > 0 && length + body.length > MAX_BATCH_LENGTH)) break
      length += body.length
      count++
    }
    const batch = this.#waiting.splice(0, count).filter(({ settled }) => !settled)
    this.#rejectFenced(batch)
    return batch.filter(({ settled }) => !settled)
  }

  /** Rejects the messages whose right this process no longer has as it had when it appended them. */
  #rejectFenced(batch: readonly PendingMessage[]): void {
    const fenced = batch.filter(({ right, token }) => right !== undefined && !hasRight(right, token))
    rejectAll(fenced, 'lease-lost', NO_LEASE)
  }

  /** Sends a batch until it is settled. Resolves to false if no connection was there to send it. */
  async #send(batch: readonly PendingMessage[]): Promise<boolean> {
    const { connection, settings } = this.#context
    const number = ++this.#batches
    for (let failures = 0; batch.some(({ settled }) => !settled); failures++) {
      this.#rejectFenced(batch)
      if (batch.every(({ settled }) => settled)) return true
      for (const pending of batch) pending.sent = true
      const outcome = await this.#run(batch, number)
      if ('answer' in outcome) {
        this.#resolveAll(batch, outcome.answer)
        return true
      }
      const { failure } = outcome
      if (failure.kind === 'unsent' && failures === 0 && !connection.closed) {
        for (const pending of batch) pending.sent = false
        return false
      }
      if (this.#rejectIfFinal(batch, failure, failures)) return true
      await backoff(failures, settings)
    }
    return true
  }

  #rejectIfFinal(batch: readonly PendingMessage[], { kind, error }: Failure, failures: number): boolean {
    const { connection, settings } = this.#context
    if (connection.closed) rejectAll(batch, 'closed', 'the log was closed before Redis answered')
    else if (kind === 'refused') {
      for (const pending of batch) pending.sent = failures > 0
      rejectAll(batch, 'refused', 'Redis refused the message', error)
    } else if (settings.whenAway === 'fail') {
      rejectAll(batch, 'unavailable', 'the connection to Redis was lost', error)
    } else return false
    return true
  }

  #run(batch: readonly PendingMessage[], number: number): Promise<Outcome<Answer>> {
    const { connection, keys, settings, watermark } = this.#context
    // Rights with one key have one token: a message with another one is rejected, and not sent.
    const tokens = new Map(batch.flatMap(({ right, token = '' }) => (right ? [[right.fenceKey, token]] : [])))
    const fences = [...tokens.keys()]
    return connection.try(async (client) => {
      const answer = await runScript(client, appendScript, {
        keys: [keys.metadata, keys.events, keys.sources, keys.ids, this.#writerKey, ...fences],
        arguments: [
          createEpoch(),
          `${watermark}`,
          String(settings.maxLength),
          String(number),
          BATCH_MEMORY,
          ...tokens.values(),
          ...batch.flatMap(({ source, ownId, body, right }) => {
            return [source, ownId, body, `${right === undefined ? 0 : fences.indexOf(right.fenceKey) + 1}`]
          }),
        ],
      })
      return readAnswer(() => parseAnswer(answer, batch.length))
    })
  }

  #resolveAll(batch: readonly PendingMessage[], answer: Answer): void {
    const { watermark, settings } = this.#context
    batch.forEach((pending, index) => {
      const entry = answer[index] as Answer[number]
      if (entry === FENCED) {
        pending.right?.lose(pending.token ?? '')
        pending.sent = false
        rejectMessage(pending, 'lease-lost', NO_LEASE)
        return
      }
      const [logId, offset, storedBody] = entry
      watermark.raise(logId, Number(offset))
      if (pending.settled) return
      settle(pending)
      const body = storedBody === '' ? pending.body : storedBody
      pending.resolve(decodeEntry(logId, Number(offset), body, settings.ids))
    })
  }
}

interface PendingMessage {
  /** `''`, or `=` and the source id. */
  readonly source: string
  /** `''`, or `=` and the message's own id. */
  readonly ownId: string
  readonly body: string
  /** Undefined if the log has no fence. */
  readonly right: Right | undefined
  /** The token of the right when the message was appended. */
  readonly token: string | undefined
  readonly resolve: (entry: LogEntry) => void
  readonly reject: (error: RedisError) => void
  readonly timeout: Unsubscribable
  sent: boolean
  settled: boolean
}

/** For each message its entry, unless Redis refused it. `storedBody` is `''` unless an earlier call had added it. */
type Answer = (typeof FENCED | [logId: string, offset: string, storedBody: string])[]

function parseAnswer(answer: unknown, length: number): Answer {
  const isKnown = (entry: unknown) => {
    return entry === FENCED || (Array.isArray(entry) && isLogId(entry[0]) && typeof entry[2] === 'string')
  }
  if (Array.isArray(answer) && answer.length === length && answer.every(isKnown)) return answer as Answer
  throw new TypeError('it is not the answer to an append')
}

/** The most messages, and characters, in one batch. Redis serves nobody else while it appends one. */
const MAX_BATCH = 256
const MAX_BATCH_LENGTH = 512 * 1024

const NO_LEASE = 'this process does not have the right to run the job'

/** Redis remembers a writer's latest batch for this many milliseconds: longer than a copy can lie in a buffer. */
const BATCH_MEMORY = String(3_600_000)

function hasRight(right: Right, token: string | undefined): boolean {
  return token !== undefined && right.token === token
}

function rejectAll(
  messages: readonly PendingMessage[],
  code: RedisErrorCode,
  text: string,
  cause?: unknown,
): void {
  for (const pending of messages) rejectMessage(pending, code, text, cause)
}

function rejectMessage(pending: PendingMessage, code: RedisErrorCode, text: string, cause?: unknown): void {
  if (pending.settled) return
  settle(pending)
  pending.reject(new RedisError(code, text, { mayBeAppended: pending.sent, cause }))
}

function settle(pending: PendingMessage): void {
  pending.settled = true
  pending.timeout.unsubscribe()
}

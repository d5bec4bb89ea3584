import { describeValue, isPromise, type MaybePromise, type SseMessage } from '@rxsse/shared'
import type { Clock } from '../connection/clock.ts'
import { CLOSE_WAIT_MS, settleWithin } from '../connection/settle.ts'
import type { SlowClientRules } from '../connection/slow-client.ts'
import type { Sequencer } from '../replay/sequencer.ts'
import { assertLine } from '../wire/line.ts'
import { toWireMessage } from '../wire/message.ts'
import { createResultError, requireOptionalText, requireText } from './callbacks.ts'
import { SinkError } from './errors.ts'
import type { Target } from './message.ts'
import type { Counters } from './stats.ts'
import type { TopicFilter } from './topic.ts'
import type { Publication, PublicationTrace } from './tracing.ts'

export interface PublishOptions {
  /** The message's name at its source. If the log has it, nothing is sent. */
  readonly sourceId?: string
}

/** The result of publishing a message. */
export interface Published {
  /** The log's id, or the message's own. Undefined if there is none, or if `match` left it out. */
  readonly id: string | undefined
}

export interface PublisherContext {
  readonly topic: (message: SseMessage) => string
  readonly match: TopicFilter
  readonly slowClient: SlowClientRules
  readonly counters: Counters
  readonly sequencer: Sequencer
  readonly clock: Clock
  /** Never throws. */
  readonly onError: (error: unknown) => void
  /** Throws or rejects if the data does not fit. */
  readonly check: ((message: SseMessage) => MaybePromise<void>) | undefined
  readonly sourceId: ((message: SseMessage) => string | undefined) | undefined
  /** Never throws. */
  readonly trace: ((publication: Publication) => PublicationTrace | undefined) | undefined
}

/** Checks messages, finds their topics, and passes them to the sequencer in order. */
export class Publisher {
  readonly #context: PublisherContext
  #closed = false
  /** Settles when all checks so far have. Undefined if none is running. */
  #checking: Promise<void> | undefined

  constructor(context: PublisherContext) {
    this.#context = context
  }

  /** Returns the message's id. Throws or rejects with a {@link SinkError} if it is refused. */
  publish(
    message: SseMessage,
    target: Target,
    options: PublishOptions = {},
  ): MaybePromise<string | undefined> {
    const { counters, match, sequencer, topic: topicOf, slowClient, check } = this.#context
    if (this.#closed) throw new SinkError('closed', 'the sink is closed and takes no more messages')
    const wire = toWireMessage(message)
    assertTarget(target)
    const topic = requireTopic(topicOf(message))
    if (!match.accepts(topic)) {
      counters.filtered++
      return undefined
    }
    const sourceId = options.sourceId ?? requireOptionalText(this.#context.sourceId?.(message), 'sourceId')
    const trace = this.#context.trace?.({ topic, target })
    const append = () => {
      const key = requireOptionalText(slowClient.key(message), 'slowClient.key')
      const logged = { ...wire, topic, key, trace: trace?.fields }
      const id = sequencer.append(logged, target, { sourceId })
      const count = () => void counters.published++
      if (isPromise(id)) id.then(count, ignore)
      else count()
      return id
    }
    const checkAndAppend = () => {
      const checked = check?.(message)
      return this.#checking === undefined && !isPromise(checked)
        ? append()
        : this.#afterChecks(checked, append)
    }
    return trace === undefined ? checkAndAppend() : reportTo(trace, checkAndAppend)
  }

  /** Refuses messages from now on. Returns a promise of the checks that are still running. */
  close(): Promise<void> | undefined {
    this.#closed = true
    if (this.#checking === undefined) return undefined
    const { clock, onError } = this.#context
    return settleWithin(this.#checking, CLOSE_WAIT_MS, clock).then((haveSettled) => {
      if (haveSettled) return
      onError(new SinkError('closed', 'the sink closes without messages whose check has not answered'))
    })
  }

  /** Appends in the order of the calls, however long each check takes. */
  #afterChecks<T>(checked: MaybePromise<void>, append: () => MaybePromise<T>): Promise<T> {
    const appended = Promise.allSettled([this.#checking, checked]).then(([, result]) => {
      if (this.#checking === last) this.#checking = undefined
      if (result.status === 'rejected') throw result.reason
      return append()
    })
    const last: Promise<void> = appended.then(ignore, ignore)
    this.#checking = last
    return appended
  }
}

/** Reports the outcome to the trace as soon as it is known. */
function reportTo(
  trace: PublicationTrace,
  publish: () => MaybePromise<string | undefined>,
): MaybePromise<string | undefined> {
  try {
    const id = publish()
    if (isPromise(id)) id.then(trace.published, trace.failed)
    else trace.published(id)
    return id
  } catch (error) {
    trace.failed(error)
    throw error
  }
}

function ignore(): void {}

/** Topics that begin with NUL are for entries that only servers read. */
function requireTopic(topic: unknown): string {
  const text = requireText(topic, 'topic')
  if (!text.startsWith('\0')) return text
  throw new SinkError('message', 'the topic begins with NUL, which is reserved')
}

const EXPECTED_TARGET = "'all', {room: name} or {user: id}"

function assertTarget(target: Target): void {
  if (target === 'all') return
  if (isPromise(target)) throw createResultError(target, 'target', EXPECTED_TARGET)
  const { room, user }: { room?: unknown; user?: unknown } = Object(target)
  // Both would be ambiguous: the room, or the user only within it?
  if ((room === undefined) === (user === undefined)) {
    throw new SinkError('message', `the target is ${describeValue(target)}; it must be ${EXPECTED_TARGET}`)
  }
  const field = room === undefined ? 'target.user' : 'target.room'
  assertLine(room ?? user, field)
  if ((room ?? user) === '') throw new SinkError('message', `${field} is empty; it must be a name`)
}

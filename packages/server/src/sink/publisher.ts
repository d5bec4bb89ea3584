import type { SlowClientRules } from '../connection/slow-client.ts'
import { isPromise } from '../maybe-promise.ts'
import type { Sequencer } from '../replay/sequencer.ts'
import { assertLine } from '../wire/line.ts'
import { toWireMessage } from '../wire/message.ts'
import { SinkError } from './errors.ts'
import type { MaybePromise, SseMessage, Target } from './message.ts'
import type { Counters } from './stats.ts'
import type { TopicFilter } from './topic.ts'
import type { Publication, PublicationTrace } from './tracing.ts'

export interface PublishOptions {
  /** Names the message at its source: with a log, publishing it again sends nothing and gives the id it has. */
  readonly sourceId?: string
}

/** What became of a message. */
export interface Published {
  /** Its id: the log's, or without a log the message's own. Undefined where it has none, or where `match` left it out. */
  readonly id: string | undefined
}

export interface PublisherRules {
  readonly topic: (message: SseMessage) => string
  readonly match: TopicFilter
  readonly slowClient: SlowClientRules
  readonly counters: Counters
  readonly sequencer: Sequencer
  /** Throws or rejects where the data is not as it should be. */
  readonly check: ((message: SseMessage) => MaybePromise<void>) | undefined
  readonly sourceId: ((message: SseMessage) => string | undefined) | undefined
  /** Never throws. */
  readonly trace: ((publication: Publication) => PublicationTrace | undefined) | undefined
}

/** Where messages come in: checked, given a topic, put in order. */
export class Publisher {
  readonly #rules: PublisherRules
  #closed = false
  #checking: Promise<void> | undefined

  constructor(rules: PublisherRules) {
    this.#rules = rules
  }

  /** Throws, or rejects, with a {@link SinkError} where the message is not taken. */
  accept(
    message: SseMessage,
    target: Target,
    options: PublishOptions = {},
  ): MaybePromise<string | undefined> {
    const { counters, match, sequencer, topic: topicOf, slowClient, check } = this.#rules
    if (this.#closed) throw new SinkError('closed', 'the sink is closed; nothing can be published any more')
    const wire = toWireMessage(message)
    assertTarget(target)
    const topic = topicOf(message)
    if (!match.accepts(topic)) {
      counters.filtered++
      return undefined
    }
    const sourceId = options.sourceId ?? this.#rules.sourceId?.(message)
    const traced = this.#rules.trace?.({ topic, target })
    const append = () => {
      const logged = { ...wire, topic, key: slowClient.key(message), trace: traced?.fields }
      const id = sequencer.append(logged, target, { sourceId })
      const taken = () => void counters.published++
      if (isPromise(id)) id.then(taken, ignore)
      else taken()
      return id
    }
    const publish = () => {
      const checked = check?.(message)
      return this.#checking === undefined && !isPromise(checked)
        ? append()
        : this.#afterCheck(checked, append)
    }
    return traced === undefined ? publish() : settle(publish, traced)
  }

  /** Takes no more; gives a promise of what is still being checked, where there is something. */
  close(): Promise<void> | undefined {
    this.#closed = true
    return this.#checking
  }

  /** In the order of the calls, however long a check takes. */
  #afterCheck<T>(checked: MaybePromise<void>, append: () => MaybePromise<T>): Promise<T> {
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

/** Tells a trace how it went, whenever that is known. */
function settle(
  publish: () => MaybePromise<string | undefined>,
  traced: PublicationTrace,
): MaybePromise<string | undefined> {
  try {
    const id = publish()
    if (isPromise(id)) id.then(traced.published, traced.failed)
    else traced.published(id)
    return id
  } catch (error) {
    traced.failed(error)
    throw error
  }
}

function ignore(): void {}

function assertTarget(target: Target): void {
  if (target === 'all') return
  const shape: object = Object(target)
  if ('room' in shape) assertLine(shape.room, 'target.room')
  else if ('user' in shape) assertLine(shape.user, 'target.user')
  else {
    const given = JSON.stringify(target)
    throw new SinkError('message', `the target is ${given}; it must be 'all', {room: name} or {user: id}`)
  }
}

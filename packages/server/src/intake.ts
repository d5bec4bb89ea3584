import { SinkError } from './errors.ts'
import type { MaybePromise, SseMessage, Target } from './event.ts'
import type { SlowClientRules } from './slow-client.ts'
import type { Counters } from './stats.ts'
import type { Timeline } from './timeline.ts'
import type { TopicFilter } from './topic.ts'
import { assertLine } from './wire/line.ts'
import { toWireMessage } from './wire/message.ts'

export interface PublishOptions {
  /** Names the message at its source: with a log, publishing it again sends nothing and gives the id it has. */
  readonly sourceId?: string
}

/** What became of a message. */
export interface Published {
  /** Its id: the log's, or without a log the message's own. Undefined where it has none, or where `match` left it out. */
  readonly id: string | undefined
}

export interface IntakeRules {
  readonly topic: (message: SseMessage) => string
  readonly match: TopicFilter
  readonly slowClient: SlowClientRules
  readonly counters: Counters
  readonly timeline: Timeline
}

/** Where messages come in: checked, given a topic, put in order. */
export class Intake {
  readonly #rules: IntakeRules
  #closed = false

  constructor(rules: IntakeRules) {
    this.#rules = rules
  }

  /** Throws, or rejects, with a {@link SinkError} where the message is not taken. */
  accept(
    message: SseMessage,
    target: Target,
    options: PublishOptions = {},
  ): MaybePromise<string | undefined> {
    const { counters, match, timeline, topic: topicOf, slowClient } = this.#rules
    if (this.#closed) throw new SinkError('closed', 'the sink is closed; nothing can be published any more')
    const wire = toWireMessage(message)
    assertTarget(target)
    const topic = topicOf(message)
    if (!match.accepts(topic)) {
      counters.filtered++
      return undefined
    }
    const id = timeline.append({ ...wire, topic, key: slowClient.key(message) }, target, options)
    counters.published++
    return id
  }

  close(): void {
    this.#closed = true
  }
}

export function assertTarget(target: Target): void {
  if (target === 'all') return
  const shape = typeof target === 'object' && target !== null ? target : {}
  if ('room' in shape) assertLine(shape.room, 'target.room')
  else if ('user' in shape) assertLine(shape.user, 'target.user')
  else {
    const given = JSON.stringify(target)
    throw new SinkError('message', `the target is ${given}; it must be 'all', {room: name} or {user: id}`)
  }
}

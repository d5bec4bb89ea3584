import type { SseMessage } from '@rxsse/shared'
import { type Observable, type Observer, Subject } from 'rxjs'
import { type ConnectionChange, createConnectionChange } from '../connection/connection-change.ts'
import type { Delivery } from '../fan-out/hub.ts'
import {
  ANY,
  BOOLEAN,
  checkOptions,
  EVENT_LOG,
  FUNCTION,
  type OptionChecks,
  oneOf,
  TOPIC_PATTERN,
} from '../http/check-options.ts'
import { createStreamEndpoint, ENDPOINT_CHECKS, type StreamEndpoint } from '../http/stream-endpoint.ts'
import { parseDisconnect } from '../log/disconnect-entry.ts'
import type { LogEntry, LoggedMessage } from '../log/event-log.ts'
import { addLogUser } from '../log/log-users.ts'
import { createAdmission } from '../replay/admit.ts'
import { type DisconnectOptions, Disconnector } from '../replay/disconnect.ts'
import { Sequencer } from '../replay/sequencer.ts'
import { callSafely } from './callbacks.ts'
import { Completion } from './completion.ts'
import { createErrorReporter } from './errors.ts'
import { createEventCheck, type EventMap, type MessageOf } from './event-map.ts'
import { resolveType, type Target, type TypedMessage, withType } from './message.ts'
import { type Published, Publisher, type PublisherContext, type PublishOptions } from './publisher.ts'
import { createSinkObserver, type SinkObserverHost } from './sink-observer.ts'
import type { SinkOptions } from './sink-options.ts'
import { createTopicFilter } from './topic.ts'
import { guardTracing, type TracedMessage } from './tracing.ts'

/**
 * An Observer whose messages go to all clients of an SSE endpoint. It never throws: a refused
 * message is counted and passed to `onRejected`. Closing it closes its log, too, unless another sink of
 * this process uses that.
 */
export interface Sink<M extends SseMessage = SseMessage> extends Observer<M>, StreamEndpoint {
  /** An Observer whose messages go to the clients in a room. */
  room(name: string): Observer<M>
  /** An Observer whose messages go to one user's connections. */
  user(id: string): Observer<M>
  /**
   * An Observer that chooses the target of each message: `sink.to(({ type }) => ({ room: type }))`.
   * The type is `'message'` if the message names none.
   */
  to(target: (message: TypedMessage<M>) => Target): Observer<M>
  /**
   * Sends one message, to all clients unless a target is given. Resolves when the log has it;
   * rejects with a `SinkError` if it is refused.
   */
  publish(message: M, target?: Target, options?: PublishOptions): Promise<Published>
  /**
   * Ends the connections of a user, of a room, or all, on every server of the log. A request that
   * is still waiting, for `access` say, ends as soon as it opens. Clients come back, unless `access`
   * denies it. Resolves when the log has the order. If it rejects, the connections of this server
   * have ended all the same.
   */
  disconnect(target: Target, options?: DisconnectOptions): Promise<void>
  /** The open connections of each room, in this process. Rooms without a connection are left out. */
  rooms(): ReadonlyMap<string, number>
  /** The id of the message that went live last. Undefined without a log. */
  readonly position: string | undefined
  /** Emits when a connection opens or closes. */
  readonly connections$: Observable<ConnectionChange>
  /** Emits after each tick's delivery. Nothing is measured without a subscriber. */
  readonly deliveries$: Observable<Delivery>
}

/**
 * Creates a {@link Sink}. With `events`, it sends only those types, and checks their data.
 *
 * @throws TypeError if an option is wrong.
 */
export function createSink<const Events extends EventMap>(
  options: SinkOptions<MessageOf<Events>> & { readonly events: Events },
): Sink<MessageOf<Events>>
export function createSink<M extends SseMessage = SseMessage>(options?: SinkOptions<M>): Sink<M>
export function createSink<M extends SseMessage = SseMessage>(options: SinkOptions<M> = {}): Sink<M> {
  const { greeting, filterParameter = 'event_type' } = checkOptions(options, CHECKS)
  const onError = createErrorReporter(options.onError)
  const tracing = options.tracing && guardTracing(options.tracing, onError)
  const changes = new Subject<ConnectionChange>()
  const deliveries = new Subject<Delivery>()
  const onDelivered = (delivery: Delivery, messages: readonly TracedMessage[]) => {
    deliveries.next(delivery)
    if (messages.length > 0) tracing?.deliver({ ...delivery, messages })
  }
  const parts = createStreamEndpoint(options, {
    isEndless: true,
    methods: ['GET'],
    filterParameter,
    onError,
    completed: (request) => completion.answer(request),
    begin: (admitted) => admit(admitted),
    head: (admitted) => admit(admitted),
    joined: (connection) => completion.joined(connection),
    opened: (connection) => changes.next(createConnectionChange('opened', connection)),
    closed: (connection) => changes.next(createConnectionChange('closed', connection)),
    get delivered() {
      return deliveries.observed || tracing !== undefined ? onDelivered : undefined
    },
    get cursor() {
      return sequencer.cursor
    },
    close: (drain) =>
      closeInOrder(publisher, drain, sequencer).finally(() => {
        changes.complete()
        deliveries.complete()
      }),
  })
  const { endpoint, hub, pending, counters, clock, retry, random, slowClient } = parts
  const match = createTopicFilter(options.match ?? '*')
  // A log may hold what other sinks have stored.
  const passes = ({ topic, type }: LoggedMessage) =>
    match.accepts(topic) && (options.events === undefined || Object.hasOwn(options.events, resolveType(type)))
  const onOrder = (entry: LogEntry) => {
    const order = parseDisconnect(entry)
    if (order !== undefined) disconnector.execute(order, entry.target)
  }
  const sequencer = new Sequencer(options.log, hub, { clock, random, onError, passes, onOrder })
  const disconnector = new Disconnector({ hub, pending, sequencer, retry, random })
  const admit = createAdmission({ hub, sequencer, retry, clock, greeting, onError }, options)
  const publisher = createPublisher(options, {
    match,
    slowClient,
    counters,
    sequencer,
    clock,
    onError,
    trace: tracing?.publish,
  })
  const host: SinkObserverHost<M> = {
    publish: (message, target) => completion.track(publisher.publish(message, target)),
    onRejected(message, error) {
      counters.rejected++
      callSafely(() => options.onRejected?.(message, error), onError)
    },
    onSourceError(error) {
      counters.sourceErrors++
      onError(error)
    },
    onComplete() {
      if (options.onComplete === 'close') completion.start()
    },
  }
  const completion = new Completion({
    hub,
    sequencer,
    newcomersReplay: (options.newcomers ?? 'live') !== 'live',
    onError,
  })
  if (options.log !== undefined) addLogUser(options.log)
  return {
    ...endpoint,
    ...createSinkObserver<M>('all', host),
    room: (name) => createSinkObserver<M>({ room: name }, host),
    user: (id) => createSinkObserver<M>({ user: id }, host),
    to: (target) => createSinkObserver<M>((message) => target(withType(message)), host),
    async publish(message, target = 'all', publishOptions) {
      try {
        return { id: await completion.track(publisher.publish(message, target, publishOptions)) }
      } catch (error) {
        counters.rejected++
        throw error
      }
    },
    rooms: () => hub.countRooms(),
    disconnect: (target, disconnectOptions) => disconnector.disconnect(target, disconnectOptions),
    get position() {
      return sequencer.cursor
    },
    connections$: changes.asObservable(),
    deliveries$: deliveries.asObservable(),
  }
}

/** The last messages reach the log and the clients. Then the clients leave. */
async function closeInOrder(
  publisher: Publisher,
  drain: () => Promise<void>,
  sequencer: Sequencer,
): Promise<void> {
  const checking = publisher.close()
  if (checking !== undefined) await checking
  await drain()
  await sequencer.close()
}

const CHECKS: OptionChecks<SinkOptions> = {
  ...ENDPOINT_CHECKS,
  log: EVENT_LOG,
  match: TOPIC_PATTERN,
  filterParameter: ANY,
  topic: FUNCTION,
  events: ANY,
  sourceId: FUNCTION,
  greeting: ANY,
  newcomers: ANY,
  allowEarliest: BOOLEAN,
  onComplete: oneOf('stay', 'close'),
  compression: oneOf('shared'),
  onRejected: FUNCTION,
  onError: FUNCTION,
  tracing: ANY,
}

function createPublisher<M extends SseMessage>(
  options: SinkOptions<M>,
  context: Omit<PublisherContext, 'topic' | 'sourceId' | 'check'>,
): Publisher {
  const { events } = options
  return new Publisher({
    ...context,
    topic: (options.topic ?? (({ type }) => resolveType(type))) as (message: SseMessage) => string,
    sourceId: options.sourceId as ((message: SseMessage) => string | undefined) | undefined,
    check: events === undefined ? undefined : createEventCheck(events),
  })
}

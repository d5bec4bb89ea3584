import cluster, { type Worker } from 'node:cluster'
import { type Duration, parseTimeout } from '@rxsse/shared'
import { asyncScheduler, type SchedulerLike } from 'rxjs'
import type { SharedPermits } from '../access/limits.ts'
import { createClock } from '../connection/clock.ts'
import { runAtEndOfTick } from '../connection/end-of-tick.ts'
import { ANY, checkOptions, FUNCTION, type OptionChecks } from '../http/check-options.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { createErrorReporter } from '../sink/errors.ts'
import type { ClusterContext } from './context.ts'
import { PrimaryLog } from './primary.ts'
import type { Channel } from './protocol.ts'
import { WorkerLog } from './worker.ts'

export interface ClusterLogOptions {
  /** Opens the log. Called in the primary only. Default: `memoryLog`. */
  readonly log?: () => EventLog
  /** Names the log on the channel, if a program has several. Default `'events'`. */
  readonly name?: string
  /** How long a worker's call waits for the primary. Then it is an error. Default `'10s'`. */
  readonly timeout?: Duration
  /** Gets errors that no call waits for, such as invalid messages. Default: `console.error`. */
  readonly onError?: (error: unknown) => void
  /** Drives the timeouts. Default: `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/** The log of all processes of one program. */
export interface ClusterLog extends EventLog {
  readonly tail: NonNullable<EventLog['tail']>
  /** Counts the connections of a key over all processes: `limits: { connectionsPerKey: 5, across: log.permits }`. */
  readonly permits: SharedPermits
}

/**
 * One log for the primary and the workers of `node:cluster`. The primary keeps it. The workers
 * append to it, follow it and replay from it over their IPC channel.
 *
 * ```ts
 * const log = clusterLog({ log: () => sqliteLog({ path: 'events.db' }) })
 * const sink = createSink({ log })
 * ```
 *
 * The same lines run in the primary and in every worker. A message that one process publishes goes
 * to the clients of all, in one order, and clients resume at any of them. Without workers, it is the
 * log itself.
 *
 * A worker that dies loses its connections only. If the primary dies, Node ends its workers; until
 * then their calls reject with a {@link ClusterError}.
 *
 * Throws if an option is wrong, or if this process has a log of that name.
 */
export function clusterLog(options: ClusterLogOptions = {}): ClusterLog {
  const { log = memoryLog, name = 'events', timeout = '10s' } = checkOptions(options, CHECKS, 'clusterLog: ')
  const context = {
    name,
    timeout: parseTimeout(timeout, 'clusterLog: timeout'),
    onError: createErrorReporter(options.onError),
    maxUnsent: 1_048_576,
    clock: createClock(options.scheduler ?? asyncScheduler),
    atEndOfTick: runAtEndOfTick,
  }
  if (names.has(name)) {
    throw new Error(`clusterLog: this process has a log named '${name}'; share it, or give each a name`)
  }
  const opened = cluster.isPrimary ? openPrimary(log(), context) : openWorker(context)
  names.add(name)
  return opened
}

const CHECKS: OptionChecks<ClusterLogOptions> = {
  log: FUNCTION,
  name: ANY,
  timeout: ANY,
  onError: FUNCTION,
  scheduler: ANY,
}

/** The logs that are open in this process. */
const names = new Set<string>()

function openPrimary(log: EventLog, context: ClusterContext): ClusterLog {
  const channels = new WeakMap<Worker, Channel>()
  const primary = new PrimaryLog(log, context)
  const receive = (worker: Worker, message: unknown) => {
    // What a worker sent before it died may arrive later than the news of its death.
    if (worker.isConnected() && !worker.isDead())
      quietly(() => primary.receive(resolveChannel(worker), message), context)
  }
  const disconnected = (worker: Worker) => primary.disconnected(resolveChannel(worker))
  cluster.on('message', receive)
  // Node tells of a killed worker by both, in either order, or by 'exit' alone.
  cluster.on('disconnect', disconnected)
  cluster.on('exit', disconnected)
  // A worker that was there before the log asks again.
  for (const worker of Object.values(cluster.workers ?? {})) {
    if (worker !== undefined) resolveChannel(worker).send({ rxsse: context.name, kind: 'begin' }, () => {})
  }
  return createClusterLog(primary, context.name, () => {
    cluster.off('message', receive)
    cluster.off('disconnect', disconnected)
    cluster.off('exit', disconnected)
  })

  function resolveChannel(worker: Worker): Channel {
    let channel = channels.get(worker)
    if (channel === undefined) {
      channel = {
        send(message, sent) {
          if (worker.isConnected())
            trySend(() => worker.send(message as object, undefined, () => sent()), sent, context)
          else sent()
        },
      }
      channels.set(worker, channel)
    }
    return channel
  }
}

function openWorker(context: ClusterContext): ClusterLog {
  const worker = new WorkerLog(
    {
      send(message, sent) {
        if (process.connected)
          trySend(() => process.send?.(message, undefined, undefined, () => sent()), sent, context)
        else sent()
      },
    },
    context,
  )
  const receive = (message: unknown) => quietly(() => worker.receive(message), context)
  const disconnected = () => worker.disconnected()
  process.on('message', receive)
  process.once('disconnect', disconnected)
  return createClusterLog(worker, context.name, () => {
    process.off('message', receive)
    process.off('disconnect', disconnected)
  })
}

function createClusterLog(log: PrimaryLog | WorkerLog, name: string, leave: () => void): ClusterLog {
  let closing: Promise<void> | undefined
  const close = async () => {
    leave()
    // Not by a second call: the name may be that of a later log then.
    names.delete(name)
    await log.close()
  }
  return {
    permits: log.permits,
    append: (message, target, options) => log.append(message, target, options),
    since: (after, bounds) => log.since(after, bounds),
    head: () => log.head(),
    tail: (listener) => log.tail(listener),
    close() {
      closing ??= close()
      return closing
    },
  }
}

/** A message that cannot be copied must not end the process. */
function trySend(send: () => void, sent: () => void, { onError }: ClusterContext): void {
  try {
    send()
  } catch (error) {
    onError(error)
    runAtEndOfTick(sent)
  }
}

/** A message that is not valid must not end the process. */
function quietly(work: () => void, { onError }: ClusterContext): void {
  try {
    work()
  } catch (error) {
    onError(error)
  }
}

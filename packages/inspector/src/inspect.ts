import { type Access, reply, type StreamEndpoint, streamTo } from '@rxsse/server'
import { type Duration, optionError, parsePositiveTimeout, type SseMessage } from '@rxsse/shared'
import { map, Observable, type SchedulerLike, share, timer } from 'rxjs'
import page from '#page' with { type: 'json' }
import type { InspectableJob, InspectableSink, InspectableStage } from './inspectable.ts'
import { createChangeFilter } from './new-changes.ts'
import type { Sample } from './sample.ts'
import { type Inspected, Sampler } from './sampler.ts'
import { sampleSource, type WatchedSource } from './watch-source.ts'

export interface InspectOptions {
  /** Sources by the name that the page shows. Each is made by `watchSource()`. */
  readonly sources?: Readonly<Record<string, WatchedSource>>
  /** The stages of each pipeline, from the top down. */
  readonly pipelines?: Readonly<Record<string, readonly InspectableStage[]>>
  readonly sinks?: Readonly<Record<string, InspectableSink>>
  readonly jobs?: Readonly<Record<string, InspectableJob>>
  /**
   * Who may look, as for a sink. Default: who is on the same machine. A request with another `Host` than
   * `localhost` or a loopback address, from another address, or through a proxy gets 403. So does every
   * request by `fetch`, because its address is not known, and every one if `NODE_ENV` is `production`.
   */
  readonly access?: Access
  /** How often the page is updated. Default `'1s'`. */
  readonly every?: Duration
  /** The timer of the updates, for tests. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike
}

/**
 * Serves a page that shows what sources, pipelines, sinks and jobs do right now. Mount it as you
 * mount a sink: `handler`, `fetch` and `fastify` are the same. The page and its events have one URL.
 *
 * ```ts
 * const inspector = inspect({ sinks: { prices: sink }, pipelines: { prices: [decoded, minutes] } })
 * createServer(inspector.handler).listen(9090)
 * ```
 *
 * Nothing is read while nobody looks.
 *
 * @throws TypeError if an option is wrong.
 */
export function inspect(options: InspectOptions): StreamEndpoint {
  const inspected = readInspected(options)
  const samples = createSamples(inspected, options)
  return streamTo(
    (request) => {
      if (request.headers.get('accept')?.includes('text/event-stream')) {
        const leaveOutSent = createChangeFilter()
        const messages = samples.pipe(map((sample) => ({ type: 'sample', data: leaveOutSent(sample) })))
        return reply<SseMessage>(messages, { headers: { vary: 'Accept' } })
      }
      return reply(page.html, { headers: PAGE_HEADERS })
    },
    { access: options.access ?? allowLocal, methods: ['GET', 'HEAD'], retry: '1s', takeover: false },
  )
}

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': page.policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  vary: 'Accept',
}

const allowLocal: Access = ({ headers, url, raw }) => {
  const { socket } = raw as { readonly socket?: { readonly remoteAddress?: string } }
  const isLocal =
    // A page of another site can name this machine by a host of its own (DNS rebinding).
    LOCAL_HOST.test(headers.get('host') ?? url.host) &&
    // Anybody can name a local host, and a Fetch request does not tell where it comes from.
    socket !== undefined &&
    // A socket of this machine's file system has no address.
    (socket.remoteAddress === undefined || LOOPBACK.test(socket.remoteAddress)) &&
    !FORWARDED.some((name) => headers.has(name)) &&
    globalThis.process?.env?.NODE_ENV !== 'production'
  return isLocal ? { allow: true } : { deny: 403 }
}

const LOCAL_HOST = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/i
const LOOPBACK = /^(?:::1|(?:::ffff:)?127(?:\.\d+){3})$/
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host']

/** One timer for everybody who looks, and none if nobody does. */
function createSamples(
  inspected: Inspected,
  { every = '1s', scheduler }: InspectOptions,
): Observable<Sample> {
  const interval = parsePositiveTimeout(every, 'inspect: every')
  return new Observable<Sample>((subscriber) => {
    const sampler = new Sampler(inspected)
    subscriber.add(() => sampler.close())
    subscriber.add(
      timer(0, interval, scheduler)
        .pipe(map(() => sampler.sample()))
        .subscribe(subscriber),
    )
  }).pipe(share())
}

function readInspected({ sources = {}, pipelines = {}, sinks = {}, jobs = {} }: InspectOptions): Inspected {
  check('sources', sources, 'made by watchSource()', (source) => sampleSource(source, '') !== undefined)
  check(
    'pipelines',
    pipelines,
    'an array of stages',
    (stages) => Array.isArray(stages) && stages.every((stage) => typeof stage?.counts === 'function'),
  )
  check('sinks', sinks, 'a sink or a streamTo', (sink) => typeof sink?.stats === 'function')
  check('jobs', jobs, 'a job of createJob()', (job) => typeof job?.status?.subscribe === 'function')
  return { sources, pipelines, sinks, jobs }
}

function check<T>(
  option: string,
  record: Readonly<Record<string, T>>,
  expected: string,
  isRight: (value: T) => boolean,
): void {
  if (typeof record !== 'object' || record === null) {
    throw optionError(`inspect: ${option}`, 'an object of names', record)
  }
  for (const [name, value] of Object.entries(record)) {
    if (!isRight(value)) throw optionError(`inspect: ${option}.${name}`, expected, value)
  }
}

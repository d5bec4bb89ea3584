// The endpoints that the checks request, and a control server beside the framework's own.
import { createServer } from 'node:http'
import {
  createSink,
  memoryLog,
  readJson,
  type Sink,
  type SinkRequest,
  type StreamEndpoint,
  streamTo,
} from '@rxsse/server'
import { concat, finalize, NEVER, Observable, of } from 'rxjs'

const MESSAGE_BYTES = 65_536

interface Checks {
  readonly endpoints: Readonly<Record<string, StreamEndpoint>>
}

// A framework may evaluate this module several times.
const kept = globalThis as typeof globalThis & { checks?: Checks }

/** The endpoint of `/check/{name}`. */
export function findEndpoint(name: string | undefined): StreamEndpoint {
  kept.checks ??= startChecks()
  const endpoint = kept.checks.endpoints[name ?? '']
  if (endpoint === undefined) throw new Error(`no check has the name ${name}`)
  return endpoint
}

function startChecks(): Checks {
  const counts = {
    running: 0,
    produced: 0,
    returned: 0,
    pending: 0,
    aborted: 0,
  }
  const errors: string[] = []
  const onError = (error: unknown) => void errors.push(String(error))
  const live = createSink({
    log: memoryLog({ capacity: 100 }),
    cors: { origins: ['https://app.example'], credentials: true },
    access: (request) => decide(request, counts),
    onError,
  })
  const streams = {
    answer: streamTo(
      async (request) => {
        const { question } = (await readJson(request)) as { question: string }
        return question.split(' ').map((data) => ({ type: 'token', data }))
      },
      { methods: ['POST'], head: 'first-event', onError },
    ),
    quiet: streamTo(
      () => {
        counts.running++
        return concat(of({ data: 'first' }), NEVER).pipe(
          finalize(() => counts.running--),
        )
      },
      { onError },
    ),
    pending: streamTo(
      () => {
        counts.running++
        return NEVER.pipe(finalize(() => counts.running--))
      },
      { head: 'first-event', onError },
    ),
    flood: streamTo(() => flood(counts), { onError }),
    broken: streamTo(
      () =>
        new Observable<{ data: string }>((subscriber) => {
          subscriber.next({ data: '1' })
          subscriber.next({ data: '2' })
          setTimeout(() => subscriber.error(new Error('broken on purpose')), 50)
        }),
      { onError: () => {} },
    ),
  }
  listen(async (path) => {
    if (path === '/publish') await live.publish({ type: 'n', data: 'x' })
    else if (path === '/burst') {
      for (let n = 0; n < 2_000; n++) await publishLarge(live)
    } else if (path === '/close-sink') await live.close({ drain: '1s' })
    else if (path === '/close-streams')
      await Promise.all(Object.values(streams).map((stream) => stream.close()))
    const { connections, skipped } = live.stats()
    return { connections, skipped, ...counts, errors }
  })
  return { endpoints: { live, ...streams } }
}

/** A request with `?slow` is decided when its client has left, or after a minute. */
function decide(
  { url, signal }: SinkRequest,
  counts: { pending: number; aborted: number },
) {
  if (!url.searchParams.has('slow')) return { allow: true } as const
  counts.pending++
  return new Promise<{ allow: true }>((resolve) => {
    const timer = setTimeout(resolve, 60_000, { allow: true })
    signal.addEventListener('abort', () => {
      counts.aborted++
      counts.pending--
      clearTimeout(timer)
      resolve({ allow: true })
    })
  })
}

/** Leaves time between two messages, so that whatever buffers them is not starved. */
async function publishLarge(sink: Sink): Promise<void> {
  await sink.publish({ type: 'large', data: 'x'.repeat(MESSAGE_BYTES) })
  await new Promise((resolve) => setImmediate(resolve))
}

async function* flood(counts: { produced: number; returned: number }) {
  try {
    for (;;) {
      counts.produced++
      yield { data: 'x'.repeat(MESSAGE_BYTES) }
    }
  } finally {
    counts.returned++
  }
}

function listen(answer: (path: string | undefined) => Promise<unknown>): void {
  createServer((request, response) => {
    answer(request.url).then(
      (value) => response.end(JSON.stringify(value)),
      (error) => {
        response.statusCode = 500
        response.end(String(error))
      },
    )
  })
    // biome-ignore lint/suspicious/noUndeclaredEnvVars: `.ci/frameworks.mjs` sets it, outside of turbo.
    .listen(Number(process.env.CHECK_PORT), '127.0.0.1')
    .unref()
}

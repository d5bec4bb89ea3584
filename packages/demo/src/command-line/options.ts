import { parseArgs } from 'node:util'

export interface DemoOptions {
  readonly port: number
  /** Event time divided by wall time. */
  readonly speed: number
  /** An SSE endpoint to read instead of the feed. */
  readonly source: URL | undefined
  /** The field of the source's JSON data to count by. Default: the event type. */
  readonly by: string | undefined
  /** The Redis that keeps results and snapshots. Default: files in a temporary folder. */
  readonly redis: URL | undefined
  /** The number of processes that run the same program. Two or more share their data through Redis. */
  readonly nodes: number
  /** The number of processes that serve in the place of the one that runs the pipeline. 0: it serves itself. */
  readonly workers: number
}

export const HELP = `Usage: npx -y pnpm@12 demo [options]

  --port N      where the page is served (default 8080; 0 takes any free port)
  --speed N     seconds of event time a second of the replay (default 3600)
  --source URL  read this SSE endpoint instead of the replay
  --by FIELD    with --source: count events by this field of their JSON data (default: by event type)
  --workers N   serve from N processes on one port, and run the pipeline in another
  --redis URL   keep results and snapshots in this Redis, such as redis://127.0.0.1:6379
  --nodes N     with --redis: run N nodes, on the ports from --port on. One runs the pipeline
  --help        this text
`

/** Parses the command line. Returns undefined for `--help`. Throws an `Error` with a message of one line. */
export function parseOptions(args: readonly string[]): DemoOptions | undefined {
  const values = parseFlags(args)
  if (values.help) return undefined
  if (values.source !== undefined && values.speed !== undefined) {
    throw new Error('--speed applies to the replay, which --source replaces; give only one of them')
  }
  if (values.by !== undefined && values.source === undefined) {
    throw new Error('--by needs --source')
  }
  const port = parsePort(values.port)
  const nodes = parseCount('--nodes', values.nodes ?? '1', 1)
  const workers = parseCount('--workers', values.workers ?? '0', 0)
  if (nodes > 1 && values.redis === undefined) {
    throw new Error('--nodes needs --redis, through which the nodes share their data')
  }
  if (workers > 0 && values.redis !== undefined) {
    throw new Error('--workers share files, not a Redis; give only one of --workers and --redis')
  }
  if (port + nodes - 1 > 65_535) {
    throw new Error(`--port: ${nodes} nodes need ports up to ${port + nodes - 1}, but the highest is 65535`)
  }
  return {
    port,
    speed: parseSpeed(values.speed ?? '3600'),
    source: values.source === undefined ? undefined : parseSource(values.source),
    by: values.by,
    redis: values.redis === undefined ? undefined : parseRedis(values.redis),
    nodes,
    workers,
  }
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      // `pnpm demo -- --port 1` means the same as `pnpm demo --port 1`.
      args: args.filter((arg) => arg !== '--'),
      options: {
        port: { type: 'string', default: '8080' },
        speed: { type: 'string' },
        source: { type: 'string' },
        by: { type: 'string' },
        redis: { type: 'string' },
        nodes: { type: 'string' },
        workers: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new Error((error as Error).message.replaceAll('\n', ' '), { cause: error })
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new Error(`--port: expected a number from 0 to 65535, got '${text}'`)
  return port
}

function parseSpeed(text: string): number {
  const speed = Number(text)
  if (text.trim() === '' || !(speed > 0 && speed < Number.POSITIVE_INFINITY)) {
    throw new Error(`--speed: expected a number above 0, such as 3600 for an hour a second, got '${text}'`)
  }
  return speed
}

function parseSource(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new Error(`--source: expected an http or https URL, got '${text}'`)
  }
  return url
}

function parseRedis(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if ((url?.protocol !== 'redis:' && url?.protocol !== 'rediss:') || url.host === '') {
    // The message leaves the value out because it may hold a password.
    throw new Error('--redis: expected a redis or rediss URL, such as redis://127.0.0.1:6379')
  }
  return url
}

function parseCount(option: string, text: string, least: number): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < least || count > 16)
    throw new Error(`${option}: expected a number from ${least} to 16, got '${text}'`)
  return count
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'

/**
 * The path of a `redis-server` to start in tests: `REDIS_SERVER_PATH` if it is set, else one on the PATH, else one in a usual place.
 * Undefined, or an error, as with `chromiumPath`.
 */
export function redisServerPath(): string | undefined {
  return findProgram({
    what: 'redis-server',
    variable: 'REDIS_SERVER_PATH',
    names: ['redis-server', 'valkey-server'],
    places: [
      '/usr/bin/redis-server',
      '/usr/local/bin/redis-server',
      '/opt/homebrew/bin/redis-server',
      '/usr/bin/valkey-server',
    ],
  })
}

/** How {@link startRedisServer} starts one. */
export interface RedisServerOptions {
  /** Where it listens, of 127.0.0.1. Default one that is free. */
  readonly port?: number
  /** Where it keeps its files, if `args` have it write any. Default the folder for temporary files. */
  readonly folder?: string
  /** Further arguments: `['--appendonly', 'yes']`. */
  readonly args?: readonly string[]
}

/** A Redis that {@link startRedisServer} has started. */
export interface RedisServer extends AsyncDisposable {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  /** For signals: after a `SIGSTOP` it accepts connections and answers none, until a `SIGCONT`. */
  readonly process: ChildProcess
  /** Resolves when it is gone. By `SIGTERM`, the default, it writes first what it still has to; also a stopped one ends. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/**
 * Starts a Redis that keeps nothing on disk, unless `args` say so, and resolves when it accepts connections. It does not outlive this
 * process. Rejects where redis-server is not installed, and with what it said where it does not start.
 *
 * @example
 * ```ts
 * await using redis = await startRedisServer()
 * const log = redisLog({ url: redis.url })
 * ```
 */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const path = redisServerPath()
  if (path === undefined) {
    throw new Error('redis-server is not installed: install it, or name it in REDIS_SERVER_PATH')
  }
  if (options.port !== undefined) return start(path, options.port, options)
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(path, await freePort(), options)
    } catch (error) {
      // Somebody else has the port that was free a moment ago.
      if (attempt === 5 || !String(error).includes('Address already in use')) throw error
    }
  }
}

async function start(
  path: string,
  port: number,
  { folder = tmpdir(), args = [] }: RedisServerOptions,
): Promise<RedisServer> {
  const own = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  const child = spawn(path, [...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  await new Promise<void>((resolve, reject) => {
    let said = ''
    const outputs = [child.stdout, child.stderr]
    const hear = (chunk: Buffer) => {
      said += chunk
      if (!said.includes('Ready to accept connections')) return
      // It says more later, and stands still once a pipe is full.
      for (const output of outputs) output.off('data', hear).resume()
      resolve()
    }
    for (const output of outputs) output.on('data', hear)
    child.once('error', reject)
    child.once('close', () => reject(new Error(`redis-server did not start on port ${port}:\n${said}`)))
  })
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    child.kill('SIGCONT')
    await gone
  }
  return { url: `redis://127.0.0.1:${port}`, port, process: child, stop, [Symbol.asyncDispose]: () => stop() }
}

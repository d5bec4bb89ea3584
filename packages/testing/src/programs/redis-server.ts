import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { findProgram } from './find-program.ts'
import { freePort } from './free-port.ts'

/**
 * The path of `redis-server`: `REDIS_SERVER_PATH` if it is set, or else one on the PATH or in a usual folder. Returns
 * undefined or throws in the same cases as `chromiumPath`.
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

/** Options of {@link startRedisServer}. */
export interface RedisServerOptions {
  /** Its port on 127.0.0.1. Default any free port. */
  readonly port?: number
  /** The folder of its files, if `args` make it write any. Default the folder for temporary files. */
  readonly folder?: string
  /** Further arguments: `['--appendonly', 'yes']`. */
  readonly args?: readonly string[]
}

/** A running Redis. */
export interface RedisServer extends AsyncDisposable {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  /** For signals. After `SIGSTOP` it accepts connections but does not answer, until `SIGCONT`. */
  readonly process: ChildProcess
  /** Resolves when it has ended, also if it was paused. After `SIGTERM`, the default, it first writes its data. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

/**
 * Starts a Redis and resolves when it accepts connections. It writes nothing to disk unless `args` say so, and ends with
 * this process. Rejects if redis-server is not installed, or with its output if it does not start.
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
    throw new Error('redis-server is not installed: install it, or set REDIS_SERVER_PATH to its path')
  }
  if (options.port !== undefined) return start(path, options.port, options)
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(path, await freePort(), options)
    } catch (error) {
      // Another program has taken the port in the meantime.
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
    let output = ''
    const pipes = [child.stdout, child.stderr]
    const read = (chunk: Buffer) => {
      output += chunk
      if (!output.includes('Ready to accept connections')) return
      // It prints more later, and would block if nobody read the pipe.
      for (const pipe of pipes) pipe.off('data', read).resume()
      resolve()
    }
    for (const pipe of pipes) pipe.on('data', read)
    child.once('error', reject)
    child.once('close', () => reject(new Error(`redis-server did not start on port ${port}:\n${output}`)))
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

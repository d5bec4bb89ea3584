import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisServerPath } from '@rxsse/testing/programs'

/** The path of redis-server, or undefined where it is not installed: then tests that need it are left out. */
export const redisPath: string | undefined = redisServerPath()
if (redisPath === undefined)
  console.warn('redis-server is not installed: the tests that need it are left out')

/** A real Redis in a folder of its own, to be stopped, paused and restarted. */
export interface Redis {
  readonly url: string
  readonly port: number
  /** Ends it as `SIGTERM` does: what it has is written first where it persists. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on its port, with the data in its folder. */
  start(): Promise<void>
  /** It accepts connections and answers none, until `resume`. */
  pause(): void
  resume(): void
  /** Takes the data away; to be called while it is stopped. */
  erase(): void
  /** Keeps a copy of the data, and puts it back; to be called while it is stopped. */
  backUp(): void
  restore(): void
  close(): Promise<void>
}

export interface RedisOptions {
  /** Whether it writes every command to disk before it answers. Default false. */
  readonly durable?: boolean
  readonly config?: readonly string[]
}

export async function startRedis({ durable = false, config = [] }: RedisOptions = {}): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-redis-'))
  const port = await freePort()
  let child: ChildProcess | undefined
  const redis: Redis = {
    url: `redis://127.0.0.1:${port}`,
    port,
    async start() {
      const persistence = durable
        ? ['--appendonly', 'yes', '--appendfsync', 'always']
        : ['--appendonly', 'no']
      const flags = [
        '--port',
        `${port}`,
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--save',
        '',
        ...persistence,
      ]
      const started = spawn(redisPath ?? 'redis-server', [...flags, ...config], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child = started
      let said = ''
      await new Promise<void>((resolve, reject) => {
        started.stdout.on('data', (chunk: Buffer) => {
          said += chunk
          if (said.includes('Ready to accept connections')) resolve()
        })
        started.once('exit', () => reject(new Error(`redis-server did not start:\n${said}`)))
      })
    },
    async stop(signal = 'SIGTERM') {
      const ending = child
      child = undefined
      if (ending === undefined) return
      ending.kill(signal)
      ending.kill('SIGCONT')
      if (ending.exitCode === null && ending.signalCode === null) await once(ending, 'exit')
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    erase: () => {
      for (const entry of ['appendonlydir', 'dump.rdb'])
        rmSync(join(folder, entry), { recursive: true, force: true })
    },
    backUp: () => cpSync(folder, `${folder}-backup`, { recursive: true }),
    restore: () => {
      rmSync(folder, { recursive: true })
      cpSync(`${folder}-backup`, folder, { recursive: true })
    },
    async close() {
      await redis.stop('SIGKILL')
      for (const each of [folder, `${folder}-backup`]) rmSync(each, { recursive: true, force: true })
    },
  }
  await redis.start()
  return redis
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

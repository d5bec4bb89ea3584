import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RedisServer, redisServerPath, startRedisServer } from '@rxsse/testing/programs'

/** The path of redis-server. Undefined if it is not installed: tests that need it are skipped then. */
export const redisPath: string | undefined = redisServerPath()
if (redisPath === undefined) console.warn('redis-server is not installed: tests that need it are skipped')

/** A real Redis in a folder of its own. Tests stop, pause and restart it. */
export interface Redis {
  readonly url: string
  readonly port: number
  /** After `SIGTERM` it first writes its data, if it persists any. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on its port, with the data in its folder. */
  start(): Promise<void>
  /** Until `resume`, it accepts connections but does not answer. */
  pause(): void
  resume(): void
  /** Deletes the data. Only while it is stopped. */
  erase(): void
  /** Copies the data. Only while it is stopped. */
  backUp(): void
  /** Puts the copy back. Only while it is stopped. */
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
  const args = [...(durable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []), ...config]
  const first = await startRedisServer({ folder, args })
  const { url, port } = first
  let server: RedisServer | undefined = first
  const redis: Redis = {
    url,
    port,
    async start() {
      server = await startRedisServer({ port, folder, args })
    },
    async stop(signal) {
      const ending = server
      server = undefined
      await ending?.stop(signal)
    },
    pause: () => void server?.process.kill('SIGSTOP'),
    resume: () => void server?.process.kill('SIGCONT'),
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
  return redis
}

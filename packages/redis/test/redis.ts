import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RedisServer, redisServerPath, startRedisServer } from '@rxsse/testing/programs'

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

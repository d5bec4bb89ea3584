import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort } from './free-port.ts'
import { type RedisServer, redisServerPath, startRedisServer } from './redis-server.ts'

/** Sends a command and resolves with the answer. */
async function ask({ port }: RedisServer, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${command}\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString()
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'redis-server-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

it('nobody listens on a free port', async () => {
  expect(await isOpen(await freePort())).toBe(false)
})

it('startRedisServer rejects with advice if redis-server is not installed', async () => {
  vi.stubEnv('CI', '')
  vi.stubEnv('PATH', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  if (redisServerPath() !== undefined) vi.stubEnv('REDIS_SERVER_PATH', '/nothing/here')
  await expect(startRedisServer()).rejects.toThrow('REDIS_SERVER_PATH')
})

describe.skipIf(redisServerPath() === undefined)('a Redis for tests', () => {
  it('answers after the start and has ended after the stop', async () => {
    const redis = await startRedisServer()
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`)
    expect(await ask(redis, 'PING')).toBe('+PONG\r\n')
    await redis.stop()
    expect(await isOpen(redis.port)).toBe(false)
    await redis.stop()
  })

  it('ends with its scope', async () => {
    let port: number
    {
      await using redis = await startRedisServer()
      port = redis.port
    }
    expect(await isOpen(port)).toBe(false)
  })

  it('ends also if it was paused', async () => {
    const redis = await startRedisServer()
    redis.process.kill('SIGSTOP')
    await redis.stop()
    expect(await isOpen(redis.port)).toBe(false)
  })

  it('persists nothing by default, and its data on request', async () => {
    const folder = temporaryFolder()
    const plain = await startRedisServer({ folder })
    await ask(plain, 'SET a 1')
    await plain.stop()
    expect(readdirSync(folder)).toEqual([])

    const { port } = plain
    const args = ['--appendonly', 'yes', '--appendfsync', 'always']
    const durable = await startRedisServer({ folder, port, args })
    await ask(durable, 'SET a 1')
    await durable.stop('SIGKILL')
    expect(existsSync(join(folder, 'appendonlydir'))).toBe(true)
    await using again = await startRedisServer({ folder, port, args })
    expect(await ask(again, 'GET a')).toBe('$1\r\n1\r\n')
  })

  it('rejects with its output if it does not start', async () => {
    await using redis = await startRedisServer()
    await expect(startRedisServer({ port: redis.port })).rejects.toThrow(
      new RegExp(`^redis-server did not start on port ${redis.port}:\n[^]*Address already in use`),
    )
    await expect(startRedisServer({ args: ['--no-such-option', 'x'] })).rejects.toThrow('Bad directive')
  })
})

import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { redisServerPath } from '@rxsse/testing/programs'

/** Starts a redis-server of its own that keeps nothing on disk, and gives its url; it ends with this process. */
export async function startRedisServer(): Promise<string> {
  const path = redisServerPath()
  if (path === undefined) throw new Error('redis-server is not installed')
  const port = await freePort()
  const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn(path, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  process.once('exit', () => child.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk
      if (said.includes('Ready to accept connections')) resolve()
    })
    child.once('exit', () => reject(new Error(`redis-server did not start:\n${said}`)))
  })
  return `redis://127.0.0.1:${port}`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}

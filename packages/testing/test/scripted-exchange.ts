import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import {
  createScriptedServer,
  type Script,
  type ScriptedServer,
  type ScriptedServerOptions,
} from '../src/index.ts'

/** A server that is closed at the end of the test. The test fails if the script did. */
export async function start(script: Script, options?: ScriptedServerOptions): Promise<ScriptedServer> {
  const server = await createScriptedServer(script, options)
  onTestFinished(() => server.close())
  return server
}

export const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** Sends `request` on a new socket and collects the response until the connection ends by FIN or RST. */
export async function exchange(
  server: ScriptedServer,
  request: string = get,
): Promise<{ text: string; reset: boolean }> {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(request)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  let reset = false
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reset = error.code === 'ECONNRESET'
  })
  await new Promise((resolve) => socket.on('close', resolve))
  return { text: Buffer.concat(chunks).toString('latin1'), reset }
}

/** Reads from a socket until `mark` has arrived. */
export async function readUpTo(socket: Socket, mark: string): Promise<string> {
  let text = ''
  while (!text.includes(mark)) text += (await once(socket, 'data'))[0].toString('latin1')
  return text
}

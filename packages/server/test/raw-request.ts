import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Opens a socket and writes `text`: a request that no client of the runtime would send. */
export function connectRaw(url: string, text: string): Socket {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port), allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.write(text, 'latin1')
  return socket
}

/** Sends `text` and resolves to the whole response. */
export async function sendRaw(url: string, text: string): Promise<string> {
  const socket = connectRaw(url, text)
  let response = ''
  socket.on('data', (chunk: Buffer) => {
    response += chunk.toString('latin1')
  })
  socket.once('end', () => socket.end())
  await once(socket, 'close')
  return response
}

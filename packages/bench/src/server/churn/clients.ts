import { connect } from 'node:net'

/** Connects, sends its requests, and leaves after a moment: `count` clients, some at a time. */
export interface ChurnOrder {
  readonly port: number
  readonly count: number
  /** Targets with their `Last-Event-ID`, if any, in turn. */
  readonly requests: readonly (readonly [target: string, lastEventId?: string])[]
}

const AT_ONCE = 100

process.on('message', async ({ port, count, requests }: ChurnOrder) => {
  let started = 0
  async function visitAgain(): Promise<void> {
    while (started < count) {
      const [target = '/', id] = requests[started % requests.length] ?? []
      // Each tenth sends requests ahead. Some read nothing, and most reset their connection.
      await visit(port, createRequest(target, id).repeat(started % 10 === 0 ? 5 : 1), started++)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, visitAgain))
  process.send?.('done')
})

function createRequest(target: string, id: string | undefined): string {
  return `GET ${target} HTTP/1.1\r\nhost: localhost\r\n${id === undefined ? '' : `last-event-id: ${id}\r\n`}\r\n`
}

async function visit(port: number, text: string, n: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  if (n % 4 !== 0) socket.resume()
  socket.write(text)
  await new Promise((resolve) => setTimeout(resolve, n % 20))
  if (n % 5 === 0) socket.destroy()
  else socket.resetAndDestroy()
  await closed
}

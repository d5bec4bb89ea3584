import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { serveOtherSide } from '../../harness/other-side.ts'

export type ClientQuestion =
  /** Opens this many connections that stay open. */
  | { readonly hold: number }
  /** Opens this many connections that close after a few seconds and must see an event. Answered at once. */
  | { readonly churn: number }
  /** Answers once every open connection has this many events, or no event has arrived for a while. */
  | { readonly received: number }

export interface ClientAnswer {
  /** Connections that stay open. */
  readonly held: number
  /** Events that were lost or out of order. */
  readonly lost: number
  /** Connections that closed as planned. */
  readonly joined: number
  /** Connections that the server ended, or that saw no event. */
  readonly failed: number
}

/** Reads from the socket directly: thousands of HTTP clients would cost more than the server. */
class Client {
  next: number | undefined
  leaving = false
  readonly #socket: Socket
  #rest = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text) => this.#read(String(text)))
    socket.on('error', () => {})
    socket.on('close', () => {
      held.delete(this)
      if (!this.leaving) counts.failed++
    })
  }

  leave(): void {
    this.leaving = true
    if (this.next === undefined) counts.failed++
    this.#socket.destroy()
  }

  // A chunk holds whole events with their blank lines. Chunk sizes are on lines of their own between events.
  #read(text: string): void {
    const blocks = (this.#rest + text).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const at = block.indexOf('{"n":')
      if (at < 0) continue
      const n = Number.parseInt(block.slice(at + 5), 10)
      if (this.next !== undefined && n !== this.next) counts.lost += Math.max(1, n - this.next)
      if (!block.includes('"}')) counts.lost++
      this.next = n + 1
    }
  }
}

const held = new Set<Client>()
const counts = { lost: 0, joined: 0, failed: 0 }

await serveOtherSide<{ port: number; path: string }, 'ready', ClientQuestion, ClientAnswer>(
  async ({ port, path }) => ({
    ready: 'ready',
    async answer(question) {
      if ('hold' in question) await hold(question.hold, port, path)
      else if ('churn' in question) openBriefly(question.churn, port, path)
      else await waitForAll(question.received)
      return { held: held.size, ...counts }
    },
  }),
)

async function hold(connections: number, port: number, path: string): Promise<void> {
  // In small groups, because the backlog of a listener is short.
  for (let left = connections; left > 0; left -= 100) {
    const group = Array.from({ length: Math.min(100, left) }, () => open(port, path))
    for (const client of await Promise.all(group)) held.add(client)
  }
}

/** Opens the connections within a second, each for 2.5 seconds, so that each sees an event: there is one a second. */
function openBriefly(connections: number, port: number, path: string): void {
  for (let n = 0; n < connections; n++) {
    setTimeout(
      async () => {
        const client = await open(port, path)
        setTimeout(() => client.leave(), 2_500)
        counts.joined++
      },
      (n * 1_000) / connections,
    )
  }
}

/** Gives up after half a minute. */
async function waitForAll(events: number): Promise<void> {
  const missing = () => [...held].filter((client) => client.next !== events)
  for (let turn = 0; turn < 600 && missing().length > 0; turn++) await sleep(50)
  counts.lost += missing().length
}

let opened = 0

/** Resolves once the response head arrives. Several loopback addresses are used so that there are enough ports. */
async function open(port: number, path: string): Promise<Client> {
  const address = `127.0.0.${2 + (opened++ % 8)}`
  const socket = connect({ port, host: '127.0.0.1', localAddress: address })
  const client = new Client(socket)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: ${address}\r\n\r\n`)
  await new Promise<void>((resolve) => {
    socket.once('data', () => resolve())
    socket.once('close', () => resolve())
  })
  return client
}

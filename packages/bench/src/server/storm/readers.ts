import { connect } from 'node:net'

/** Opens readers of an event stream, and reports when all have what they wait for. */
interface Order {
  readonly port: number
  /** Clients that resume and read everything. */
  readonly reading: number
  /** Clients that resume and read nothing. */
  readonly silent: number
  /** Clients of live events. */
  readonly live: number
  readonly lastEventId: string
  /** The data that ends a replay. */
  readonly until: string
}

process.once('message', ({ port, reading, silent, live, lastEventId, until }: Order) => {
  const delays: number[] = []
  let left = reading
  let clients = 0
  const request = (id: string) =>
    `GET /?${clients++} HTTP/1.1\r\nhost: localhost\r\n${id === '' ? '' : `last-event-id: ${id}\r\n`}\r\n`

  for (let n = 0; n < live; n++) {
    const socket = connect(port, '127.0.0.1', () => socket.write(request('')))
    socket.on('data', (chunk) => {
      const now = performance.timeOrigin + performance.now()
      for (const [, sent] of String(chunk).matchAll(/live (\d+\.\d+)/g)) delays.push(now - Number(sent))
    })
  }
  for (let n = 0; n < reading + silent; n++) {
    const socket = connect(port, '127.0.0.1', () => socket.write(request(lastEventId)))
    if (n >= reading) {
      socket.pause()
      continue
    }
    let tail = ''
    const read = (chunk: Buffer) => {
      tail = tail.slice(-100) + chunk.toString('latin1')
      if (!tail.includes(until)) return
      socket.off('data', read)
      socket.on('data', () => {})
      left--
      if (left === 0) process.send?.('done')
    }
    socket.on('data', read)
    socket.on('error', () => {})
  }
  process.on('message', (order) => {
    if (order === 'delays') process.send?.({ delays })
  })
  process.send?.('ready')
})

import type { Socket } from 'node:net'

/**
 * Skips the informational responses before the next response on a socket of HTTP/1.1. A client may ignore those that it did not
 * ask for (RFC 9110, 15.2), but undici destroys the socket at a 100.
 */
export function skipInformational(socket: Socket): void {
  let held: Buffer = Buffer.alloc(0)
  Reflect.deleteProperty(socket, 'read')
  const { read } = socket
  socket.read = (size) => {
    for (;;) {
      const bytes: Buffer | null = read.call(socket, size)
      if (bytes === null) return null
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
      for (let head = matchHead(held); head !== null; head = matchHead(held)) {
        held = held.subarray(head[0].length)
      }
      if (mayStartHead(held)) continue
      Reflect.deleteProperty(socket, 'read')
      return held
    }
  }
}

/** A longer head is passed on. */
const MAX_HEAD = 16_384
/** Every informational response but 101, which changes the protocol. */
const HEAD = /^HTTP\/1\.[01] 1(?!01)\d\d(?=[ \r]).*?\r\n\r\n/s
const HEAD_START = /^HTTP\/1\.[01] 1(?!01)\d\d/
const SHORTEST_HEAD = 'HTTP/1.1 1xx'

function matchHead(bytes: Buffer): RegExpExecArray | null {
  return HEAD.exec(bytes.toString('latin1', 0, MAX_HEAD))
}

/** Whether more bytes are needed to tell what it is. */
function mayStartHead(bytes: Buffer): boolean {
  if (bytes.length >= MAX_HEAD) return false
  const text = bytes.toString('latin1', 0, SHORTEST_HEAD.length)
  if (text.length === SHORTEST_HEAD.length) return HEAD_START.test(text)
  return HEAD_START.test(text + 'HTTP/1.1 100'.slice(text.length)) || /^HTTP\/1\.[01] 10$/.test(text)
}

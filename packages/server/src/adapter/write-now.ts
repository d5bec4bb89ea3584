import type { Socket } from 'node:net'

/**
 * Writes to a socket by a system call of its own, past the stream in front of it, whose bookkeeping is a fifth of
 * what a write to one of a thousand sockets costs. Gives what the kernel did not take, for `socket.write` to queue;
 * undefined where that is nothing.
 */
export type WriteNow = (socket: Socket, bytes: Uint8Array) => Uint8Array | undefined

/** How to write to this socket at once; undefined where only its stream knows how. */
export function writeNowFor(socket: Socket): WriteNow | undefined {
  return writeNow !== undefined && isPlain(socket) ? writeNow : undefined
}

/** Where a descriptor is what `write` of node:fs takes: Node itself, but on Windows sockets are none. */
function descriptorWriter(): WriteNow | undefined {
  if (typeof process === 'undefined' || process.platform === 'win32') return undefined
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) return undefined
  const fs = process.getBuiltinModule?.('node:fs')
  if (fs === undefined) return undefined
  return (socket, bytes) => {
    const fd = descriptorOf(socket)
    // What the stream has queued goes first. An idle timeout is one that only the stream knows to put off.
    if (fd < 0 || socket.writableLength > 0 || socket.timeout) return bytes
    try {
      const written = fs.writeSync(fd, bytes)
      return written === bytes.length ? undefined : bytes.subarray(written)
    } catch {
      // The kernel has no room, or the client has gone: the stream waits for the one and reports the other.
      return bytes
    }
  }
}

const writeNow = descriptorWriter()

/** Whether bytes for the socket are bytes for its descriptor: a TLS socket encrypts, a wrapped one may do anything. */
function isPlain(socket: Socket): boolean {
  const { _handle: handle } = socket as HandledSocket
  return (
    (handle?.constructor.name === 'TCP' || handle?.constructor.name === 'Pipe') &&
    !Object.hasOwn(socket, 'write') &&
    socket.constructor.name === 'Socket'
  )
}

/** Asked for each time: that of a socket destroyed meanwhile may be another client's by now. */
function descriptorOf(socket: Socket): number {
  return (socket as HandledSocket)._handle?.fd ?? -1
}

type HandledSocket = Socket & { readonly _handle?: { readonly fd?: number } | null }

import type { Socket } from 'node:net'

/**
 * Writes to a socket by a system call of its own, past the stream in front of it, whose bookkeeping is a fifth of what a
 * write to one of a thousand sockets costs. What the kernel does not take goes to the stream, and so does all that
 * follows until the stream has passed it on.
 */
export class SocketWriter {
  readonly #socket: HandledSocket
  /** Undefined where only the stream knows how to write. */
  readonly #handle: Handle | undefined
  readonly #descriptor: number
  /** Whether the stream may hold something, which goes first. To ask it costs as much as all else here: its state is far away in memory. */
  #mayHold = true

  constructor(socket: Socket) {
    this.#socket = socket
    this.#handle = writeSync !== undefined && isPlain(socket) ? handleOf(socket) : undefined
    this.#descriptor = this.#handle?.fd ?? -1
  }

  /** Whether the stream would have more; otherwise it says `drain`, or `close`. */
  write(bytes: Uint8Array): boolean {
    const rest = this.#writesNow() ? write(this.#descriptor, bytes) : bytes
    if (rest === undefined) return true
    this.#mayHold = true
    return this.#socket.write(rest) || this.#socket.destroyed
  }

  #writesNow(): boolean {
    const socket = this.#socket
    // Compared each time: once the socket is destroyed, its descriptor may be another client's.
    if (this.#handle === undefined || socket._handle !== this.#handle) return false
    // An idle timeout is one that only the stream knows to put off.
    if (socket.timeout) return false
    if (this.#mayHold) this.#mayHold = socket.writableLength > 0
    return !this.#mayHold
  }
}

/** What the kernel did not take; undefined where that is nothing. */
function write(descriptor: number, bytes: Uint8Array): Uint8Array | undefined {
  try {
    const written = writeSync?.(descriptor, bytes) ?? 0
    return written === bytes.length ? undefined : bytes.subarray(written)
  } catch {
    // The kernel has no room, or the client has gone: the stream waits for the one and reports the other.
    return bytes
  }
}

const writeSync = descriptorWrite()

/** Where a socket's descriptor is what `write` of node:fs takes: Node itself, but not on Windows. */
function descriptorWrite(): ((descriptor: number, bytes: Uint8Array) => number) | undefined {
  if (typeof process === 'undefined' || process.platform === 'win32') return undefined
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) return undefined
  return process.getBuiltinModule?.('node:fs')?.writeSync
}

/** Whether bytes for the socket are bytes for its descriptor: a TLS socket encrypts, a wrapped one may do anything. */
function isPlain(socket: Socket): boolean {
  const name = handleOf(socket)?.constructor.name
  return (
    (name === 'TCP' || name === 'Pipe') &&
    !Object.hasOwn(socket, 'write') &&
    socket.constructor.name === 'Socket'
  )
}

function handleOf(socket: HandledSocket): Handle | undefined {
  return socket._handle ?? undefined
}

interface Handle {
  readonly fd?: number
}

type HandledSocket = Socket & { readonly _handle?: Handle | null }

import type { Socket } from 'node:net'

/**
 * Writes to a socket by a system call, past the stream in front of it. The stream's bookkeeping is
 * a fifth of the cost of a write to one of a thousand sockets. Bytes that the kernel does not take
 * go to the stream, and so do all further ones until the stream has passed them on.
 */
export class SocketWriter {
  readonly #socket: HandledSocket
  /** Undefined if only the stream can write. */
  readonly #handle: Handle | undefined
  readonly #descriptor: number
  /** Whether the stream may hold bytes. Reading that costs as much as all else here. */
  #mayHold = true

  constructor(socket: Socket) {
    this.#socket = socket
    this.#handle = writeSync !== undefined && isPlain(socket) ? getHandle(socket) : undefined
    this.#descriptor = this.#handle?.fd ?? -1
  }

  /** Whether the stream takes more. If not, it emits `drain` or `close`. */
  write(bytes: Uint8Array): boolean {
    const rest = this.#writesNow() ? write(this.#descriptor, bytes) : bytes
    if (rest === undefined) return true
    this.#mayHold = true
    return this.#socket.write(rest) || this.#socket.destroyed
  }

  #writesNow(): boolean {
    const socket = this.#socket
    // Compared each time: after the socket is destroyed, its descriptor may belong to another
    // client.
    if (this.#handle === undefined || socket._handle !== this.#handle) return false
    // Only the stream postpones an idle timeout.
    if (socket.timeout) return false
    if (this.#mayHold) this.#mayHold = socket.writableLength > 0
    return !this.#mayHold
  }
}

/** The bytes that the kernel did not take; undefined if it took all. */
function write(descriptor: number, bytes: Uint8Array): Uint8Array | undefined {
  try {
    const written = writeSync?.(descriptor, bytes) ?? 0
    return written === bytes.length ? undefined : bytes.subarray(written)
  } catch {
    // The kernel has no room, or the client has left: the stream waits for the first and reports
    // the second.
    return bytes
  }
}

const writeSync = findWriteSync()

/** `writeSync` of node:fs, if it takes a socket's descriptor: on Node, but not on Windows. */
function findWriteSync(): ((descriptor: number, bytes: Uint8Array) => number) | undefined {
  if (typeof process === 'undefined' || process.platform === 'win32') return undefined
  const { bun, deno } = process.versions
  if (bun !== undefined || deno !== undefined) return undefined
  return process.getBuiltinModule?.('node:fs')?.writeSync
}

/** Whether bytes reach the descriptor unchanged: a TLS socket or a wrapped one changes them. */
function isPlain(socket: Socket): boolean {
  const name = getHandle(socket)?.constructor.name
  return (
    (name === 'TCP' || name === 'Pipe') &&
    !Object.hasOwn(socket, 'write') &&
    socket.constructor.name === 'Socket'
  )
}

function getHandle(socket: HandledSocket): Handle | undefined {
  return socket._handle ?? undefined
}

interface Handle {
  readonly fd?: number
}

type HandledSocket = Socket & { readonly _handle?: Handle | null }

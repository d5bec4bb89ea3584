import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Direction, Fault } from './fault.ts'

/** One direction of a proxied connection. */
export interface Relay {
  readonly from: Socket
  readonly to: Socket
  readonly direction: Direction
  readonly faults: readonly Fault[]
  /** Aborts when the connection is closed. */
  readonly closed: AbortSignal
  /** Called with the number of bytes that were forwarded. */
  readonly onForwarded: (bytes: number) => void
  /** Called at the byte of a cut or a reset. */
  readonly onEnd: (kind: 'cut' | 'reset') => void
}

/**
 * Forwards bytes from one socket to the other until `from` ends or a fault closes the connection. It reads no faster
 * than `to` accepts bytes.
 */
export async function relay({
  from,
  to,
  direction,
  faults,
  closed,
  onForwarded,
  onEnd,
}: Relay): Promise<void> {
  const mine = faults.filter((fault) => fault.direction === direction)
  const delay = sum(mine.map((fault) => (fault.kind === 'delay' ? fault.ms : 0)))
  const pace = Math.min(
    ...mine.map((fault) => (fault.kind === 'throttle' ? fault.bytesPerSecond : Number.POSITIVE_INFINITY)),
  )
  const ending = earliest(mine, ['cut', 'reset'])
  const silence = earliest(mine, ['swallow'])?.after ?? Number.POSITIVE_INFINITY
  let seen = 0

  const endAt = (place: number): boolean => {
    if (!ending || place < ending.after) return false
    onEnd(ending.kind === 'cut' ? 'cut' : 'reset')
    return true
  }
  if (endAt(0)) return
  for await (const piece of from.iterator({ destroyOnReturn: false })) {
    for (const bytes of slices(piece, pace)) {
      if (delay > 0) await sleep(delay, undefined, { signal: closed })
      const forwarded = bytes.subarray(0, Math.max(0, Math.min(silence, ending?.after ?? silence) - seen))
      seen += bytes.length
      await write(to, forwarded)
      onForwarded(forwarded.length)
      if (endAt(seen)) return
      if (pace < Number.POSITIVE_INFINITY)
        await sleep((bytes.length / pace) * 1000, undefined, { signal: closed })
    }
  }
  // A swallow fault swallows the FIN too.
  if (seen < silence) to.end()
}

type Placed = Extract<Fault, { after: number }>

function earliest(faults: readonly Fault[], kinds: readonly Fault['kind'][]): Placed | undefined {
  const placed = faults.filter((fault): fault is Placed => 'after' in fault && kinds.includes(fault.kind))
  return placed.toSorted((a, b) => a.after - b.after)[0]
}

/** Slices for a twentieth of a second each, so that a slow connection delivers bytes evenly. */
function* slices(piece: Buffer, bytesPerSecond: number): Generator<Buffer> {
  const size = Math.max(1, Math.min(piece.length, Math.floor(bytesPerSecond / 20)))
  for (let at = 0; at < piece.length; at += size) yield piece.subarray(at, at + size)
}

function write(to: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    to.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

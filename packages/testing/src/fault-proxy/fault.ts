/** Which way bytes go. */
export type Direction = 'to-client' | 'to-server'

/**
 * What goes wrong on one proxied connection.
 *
 * | kind | does |
 * | --- | --- |
 * | `delay` | holds each piece of bytes for `ms` before it passes and the next is read; the order stays |
 * | `throttle` | lets `bytesPerSecond` through |
 * | `cut` | FIN to both sides once `after` bytes have passed in that direction, the next byte never |
 * | `reset` | the same by TCP reset |
 * | `swallow` | from then on takes what comes in that direction and passes nothing on; the connection stays open |
 *
 * Several faults of a connection act together. A cut or reset after 0 bytes is one at once, before any byte.
 */
export type Fault =
  | { readonly kind: 'delay'; readonly direction: Direction; readonly ms: number }
  | { readonly kind: 'throttle'; readonly direction: Direction; readonly bytesPerSecond: number }
  | { readonly kind: 'cut' | 'reset' | 'swallow'; readonly direction: Direction; readonly after: number }

/** The faults of connection `index`, counted from 0. `random` is the connection's own, uniform in [0, 1): from the seed and the index alone. */
export type FaultPlan = (index: number, random: () => number) => readonly Fault[]

/** Options of {@link randomFaults}. */
export interface RandomFaultOptions {
  /** The kinds to choose from. Default all. */
  readonly kinds?: readonly Fault['kind'][]
  /** The share of connections that have a fault, from 0 to 1. Default 1. */
  readonly share?: number
  /** Where a cut, reset or swallow falls: uniformly from 0 to so many bytes. Default 4096. */
  readonly maxBytes?: number
  /** The longest delay of a piece, in milliseconds. Default 50. */
  readonly maxDelay?: number
  /** The slowest throttle, in bytes a second; the fastest is 100 times that. Default 10,000. */
  readonly minBytesPerSecond?: number
}

/** A plan that gives each connection one fault, chosen at random, in a direction chosen at random. */
export function randomFaults({
  kinds = ['delay', 'throttle', 'cut', 'reset', 'swallow'],
  share = 1,
  maxBytes = 4096,
  maxDelay = 50,
  minBytesPerSecond = 10_000,
}: RandomFaultOptions = {}): FaultPlan {
  return (_, random) => {
    if (random() >= share) return []
    const kind = kinds[Math.floor(random() * kinds.length)]
    const direction: Direction = random() < 0.5 ? 'to-client' : 'to-server'
    const size = random()
    switch (kind) {
      case undefined:
        return []
      case 'delay':
        return [{ kind, direction, ms: Math.round(size * maxDelay) }]
      case 'throttle':
        return [{ kind, direction, bytesPerSecond: Math.round(minBytesPerSecond * 100 ** size) }]
      default:
        return [{ kind, direction, after: Math.floor(size * (maxBytes + 1)) }]
    }
  }
}

/** Throws where a fault cannot be had, and says what would be right. */
export function checkFaults(faults: readonly Fault[]): readonly Fault[] {
  for (const fault of faults) {
    if (fault.kind === 'delay') check(fault, 'ms', fault.ms, 0)
    else if (fault.kind === 'throttle') check(fault, 'bytesPerSecond', fault.bytesPerSecond, 1)
    else check(fault, 'after', fault.after, 0)
  }
  return faults
}

function check({ kind }: Fault, name: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return
  throw new TypeError(`the fault '${kind}' takes ${name} as a number from ${least}, got ${value}`)
}

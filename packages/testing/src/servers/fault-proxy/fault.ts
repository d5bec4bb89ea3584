import { optionError, requireInteger } from '@rxsse/shared'

/** The direction of bytes. */
export type Direction = 'to-client' | 'to-server'

/**
 * A fault of one proxied connection.
 *
 * | kind | effect |
 * | --- | --- |
 * | `delay` | forwards each piece of bytes after `ms`, in order |
 * | `throttle` | forwards at most `bytesPerSecond` |
 * | `cut` | closes both sides by FIN after exactly `after` bytes in that direction |
 * | `reset` | the same by TCP reset |
 * | `swallow` | forwards nothing in that direction after `after` bytes; the connection stays open |
 *
 * Faults of the same connection act together. A cut or reset after 0 bytes happens as soon as the connection opens.
 */
export type Fault =
  | { readonly kind: 'delay'; readonly direction: Direction; readonly ms: number }
  | { readonly kind: 'throttle'; readonly direction: Direction; readonly bytesPerSecond: number }
  | { readonly kind: 'cut' | 'reset' | 'swallow'; readonly direction: Direction; readonly after: number }

/** Returns the faults of connection `index`, from 0. `random` is uniform in [0, 1), and depends only on the seed and the index. */
export type FaultPlan = (index: number, random: () => number) => readonly Fault[]

/** Options of {@link randomFaults}. */
export interface RandomFaultOptions {
  /** The kinds to choose from. Default all. */
  readonly kinds?: readonly Fault['kind'][]
  /** The fraction of connections that have a fault, from 0 to 1. Default 1. */
  readonly share?: number
  /** The highest byte at which a cut, reset or swallow happens, uniform from 0. Default 4096. */
  readonly maxBytes?: number
  /** The longest delay of a piece, in milliseconds. Default 50. */
  readonly maxDelay?: number
  /** The slowest throttle, in bytes a second; the fastest is 100 times that. Default 10,000. */
  readonly minBytesPerSecond?: number
}

/** A plan with one fault for each connection, of a random kind and in a random direction. */
export function randomFaults({
  kinds = ['delay', 'throttle', 'cut', 'reset', 'swallow'],
  share = 1,
  maxBytes = 4096,
  maxDelay = 50,
  minBytesPerSecond = 10_000,
}: RandomFaultOptions = {}): FaultPlan {
  for (const kind of kinds) checkKind(kind, 'randomFaults: kinds')
  if (kinds.length === 0) throw optionError('randomFaults: kinds', 'a list of at least one kind', kinds)
  if (!(share >= 0 && share <= 1)) throw optionError('randomFaults: share', 'a number from 0 to 1', share)
  requireInteger(maxBytes, 'randomFaults: maxBytes', 0)
  checkNumber(maxDelay, 'randomFaults: maxDelay', 0)
  checkNumber(minBytesPerSecond, 'randomFaults: minBytesPerSecond', 1)
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

/** Throws a `TypeError` if a number of a fault is wrong. */
export function checkFaults(faults: readonly Fault[]): readonly Fault[] {
  if (!Array.isArray(faults)) throw optionError('the faults of a connection', 'a list', faults)
  for (const fault of faults) checkFault(fault)
  return faults
}

const KINDS: readonly Fault['kind'][] = ['delay', 'throttle', 'cut', 'reset', 'swallow']

function checkFault(fault: Fault): void {
  checkKind(fault?.kind, 'the kind of a fault')
  const name = `the fault '${fault.kind}'`
  if (fault.direction !== 'to-client' && fault.direction !== 'to-server') {
    throw optionError(`${name}: direction`, "'to-client' or 'to-server'", fault.direction)
  }
  if (fault.kind === 'delay') checkNumber(fault.ms, `${name}: ms`, 0)
  else if (fault.kind === 'throttle') checkNumber(fault.bytesPerSecond, `${name}: bytesPerSecond`, 1)
  else checkNumber(fault.after, `${name}: after`, 0)
}

function checkKind(kind: Fault['kind'], option: string): void {
  if (!KINDS.includes(kind))
    throw optionError(option, "'delay', 'throttle', 'cut', 'reset' or 'swallow'", kind)
}

function checkNumber(value: number, option: string, least: number): void {
  if (!Number.isFinite(value) || value < least) {
    throw optionError(option, `a finite number of at least ${least}`, value)
  }
}

import { EventSourceError } from '../errors/event-source-error.ts'
import type { Settings } from '../stream/options.ts'

/** A hash of each option that must be the same in all tabs. Values stay in their tab, because they may be secrets. */
export type Fingerprint = Readonly<Record<string, string>>

/** Functions cannot be compared, so only whether an option is one counts. */
export function createFingerprint(settings: Settings, ownTransport: boolean): Fingerprint {
  const options = {
    url: settings.url,
    method: settings.method,
    headers: settings.headers,
    body: settings.body,
    events: settings.types && [...settings.types].sort(),
    lastEventIdIn: settings.idParameter,
    reconnect: settings.policy,
    timeouts: settings.limits,
    deliverUnfinished: settings.deliverUnfinished ?? false,
    otherContent: settings.otherContent ?? {},
    maxEventSize: settings.maxEventSize,
    redirect: settings.redirect,
    transport: ownTransport,
  }
  return Object.fromEntries(
    Object.entries(options).map(([option, value]) => [
      option,
      hash(JSON.stringify(value, toComparable) ?? ''),
    ]),
  )
}

/** The first option that differs. */
export function findDifference(a: Fingerprint, b: Fingerprint): string | undefined {
  return Object.keys({ ...a, ...b }).find((option) => a[option] !== b[option])
}

export function createDifferenceError(option: string): EventSourceError {
  const what = `${option} must be the same in all tabs with the same name, and differs in this one`
  return new EventSourceError('options-differ', `${what}; if a release changes it, it needs another name`)
}

function toComparable(_key: string, value: unknown): unknown {
  if (typeof value === 'function') return 'a function'
  if (value === Number.POSITIVE_INFINITY) return 'Infinity'
  if (value instanceof ArrayBuffer) return Array.from(new Uint8Array(value))
  if (value instanceof URLSearchParams) return String(value)
  // A Blob, a form or a stream is compared by its kind: it has no keys.
  const kind = Object.prototype.toString.call(value)
  return /Blob|FormData|ReadableStream/.test(kind) ? kind : value
}

/** FNV-1a, twice with other offsets: 64 bits tell options apart. */
function hash(text: string): string {
  let high = 0x811c9dc5
  let low = 0x01000193
  for (let i = 0; i < text.length; i++) {
    high = Math.imul(high ^ text.charCodeAt(i), 0x01000193)
    low = Math.imul(low ^ text.charCodeAt(i), 0x85ebca6b)
  }
  return `${(high >>> 0).toString(36)}${(low >>> 0).toString(36)}`
}

import { optionError, parsePositiveTimeout } from '@rxsse/shared'
import type { NextObserver } from 'rxjs'
import { defaultTransport } from '#platform'
import type { UrlInput } from '../request/request-options.ts'
import { resolveOptions, type Settings } from '../stream/options.ts'
import { mayResend } from '../stream/reconnect.ts'
import { createFingerprint, type Fingerprint } from './fingerprint.ts'
import type { SharedEventSourceOptions, SharedState } from './shared-options.ts'

/** The options with every default in place. */
export interface SharedSettings {
  /** Of the lock and the channel. */
  readonly name: string
  readonly settings: Settings
  readonly fingerprint: Fingerprint
  /** Milliseconds between two looks at the holder. */
  readonly tickInterval: number
  readonly state: NextObserver<SharedState> | undefined
}

/** Checks the options and fills in the defaults. */
export function resolveSharedOptions(url: UrlInput, options: SharedEventSourceOptions): SharedSettings {
  const { name, handOverAfter = 10_000, state, ...others } = options
  const { method = 'GET', reconnect = {} } = others
  const settings = resolveOptions(url, others, defaultTransport)
  if (typeof reconnect !== 'object') {
    throw optionError('reconnect', 'an object: a single response cannot be handed over', reconnect)
  }
  if (typeof method !== 'string' || !mayResend(settings.policy, method.toUpperCase())) {
    throw optionError('method', 'idempotent, unless reconnect.unsafeMethods is true', method)
  }
  const key = name ?? settings.url
  if (typeof key !== 'string' || key === '')
    throw optionError('name', `a text ${name === undefined ? 'if the url is a function' : 'that is not empty'}`, name)
  return {
    // The number is that of the protocol: pages of different versions must not talk to each other.
    name: `rxsse-tabs-1 ${key}`,
    settings,
    fingerprint: createFingerprint(settings, options.transport !== undefined),
    tickInterval: parsePositiveTimeout(handOverAfter, 'handOverAfter') / TICKS,
    state,
  }
}

/** Ticks within `handOverAfter`. A tick is up to half as long again, and four silent ones are enough. */
const TICKS = 6

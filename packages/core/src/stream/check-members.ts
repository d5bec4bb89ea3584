import { optionError, requireFunction, unknownOptionError } from '@rxsse/shared'
import type { EventSourceOptions } from './options.ts'
import type { ReconnectOptions } from './reconnect.ts'

/**
 * Throws for what plain JavaScript gets wrong, such as a function for an observer, or a misspelt name. It would fail at some
 * later time without a name, or do nothing. Browsers do not check it: the bundle is small there.
 */
export function checkMembers(options: EventSourceOptions): void {
  checkNames(options, NAMES, '')
  for (const [name, member] of Object.entries(MEMBERS)) {
    const value = options[name as keyof typeof MEMBERS] ?? undefined
    if (value !== undefined && !(member in Object(value))) {
      throw optionError(name, `an object with ${member}`, value)
    }
  }
  for (const name of ['until', 'random'] as const) if (options[name]) requireFunction(options[name], name)
  const { timeouts = {}, reconnect = false } = options
  if (Object(timeouts) !== timeouts) throw optionError('timeouts', 'an object', timeouts)
  if (reconnect && typeof reconnect !== 'object')
    throw optionError('reconnect', 'an object or false', reconnect)
  checkNames(timeouts, TIMEOUT_NAMES, 'timeouts.')
  if (reconnect) checkNames(reconnect, RECONNECT_NAMES, 'reconnect.')
}

/** The options without those that `fromEventSource` does not know: the standard has an `EventSource` ignore them. */
export function knownOptions(options: EventSourceOptions): EventSourceOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(NAMES, name)))
}

function checkNames(options: object, names: Readonly<Record<string, true>>, path: string): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name) || options[name as never] === undefined) continue
    throw unknownOptionError(
      path + name,
      Object.keys(names).map((known) => path + known),
    )
  }
}

/** The compiler refuses a list of names that lacks one. */
type NamesOf<Options> = Readonly<Record<keyof Options, true>>

const NAMES: NamesOf<EventSourceOptions> = {
  method: true,
  headers: true,
  body: true,
  events: true,
  lastEventId: true,
  lastEventIdIn: true,
  reconnect: true,
  timeouts: true,
  signal: true,
  until: true,
  deliverUnfinished: true,
  wake: true,
  otherContent: true,
  maxEventSize: true,
  redirect: true,
  gate: true,
  state: true,
  comments: true,
  cursor: true,
  warnings: true,
  transport: true,
  scheduler: true,
  random: true,
}

const TIMEOUT_NAMES: NamesOf<NonNullable<EventSourceOptions['timeouts']>> = {
  connect: true,
  head: true,
  idle: true,
}

const RECONNECT_NAMES: NamesOf<ReconnectOptions> = {
  initialDelay: true,
  factor: true,
  maxDelay: true,
  minDelay: true,
  maxServerDelay: true,
  jitter: true,
  resetAfter: true,
  maxAttempts: true,
  decide: true,
  unsafeMethods: true,
}

/** A member of each option that is an object with methods. */
const MEMBERS = {
  state: 'next',
  comments: 'next',
  cursor: 'next',
  warnings: 'next',
  signal: 'addEventListener',
  gate: 'changes',
  wake: 'subscribe',
  transport: 'open',
} as const

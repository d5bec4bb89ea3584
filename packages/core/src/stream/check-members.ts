import { optionError, requireFunction } from '@rxsse/shared'
import type { EventSourceOptions } from './options.ts'

/**
 * Throws for what plain JavaScript gets wrong, such as a function for an observer. It would fail at some later time without a
 * name. Browsers do not check it: the bundle is small there.
 */
export function checkMembers(options: EventSourceOptions): void {
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

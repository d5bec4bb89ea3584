import { optionError, type SseEvent } from '@rxsse/shared'
import type { OperatorFunction } from 'rxjs'
import { operateAtOnce, type StageOptions } from '../stage/operate.ts'
import type { OfType } from './of-type.ts'

/** The event types that a pattern matches, as a type. */
export type MatchedBy<P extends string> = P extends '*'
  ? string
  : P extends `${infer Prefix}.*`
    ? `${Prefix}.${string}`
    : P

/**
 * Passes on events whose type matches one of the patterns: `'*'` matches any type, `'alert.*'` any type that starts with
 * `alert.`, anything else exactly that type. Types are case-sensitive. A `*` anywhere else is a `TypeError`.
 *
 * Emits when an event's type matches.
 * Drops the others.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function matchType<S extends SseEvent<unknown>, const P extends string>(
  patterns: P | readonly P[],
  options: StageOptions = {},
): OperatorFunction<S, OfType<S, MatchedBy<P>>> {
  const matches = createTypeMatcher(typeof patterns === 'string' ? [patterns] : patterns)
  const isMatch = (event: S): event is S & OfType<S, MatchedBy<P>> => matches(event.type)
  return operateAtOnce('matchType', options.stage, (context) => ({
    next(event) {
      if (isMatch(event)) {
        context.counts.out++
        context.out.next(event)
      } else context.counts.dropped++
    },
  }))
}

function createTypeMatcher(patterns: readonly string[]): (type: string) => boolean {
  if (!Array.isArray(patterns) || patterns.length === 0) {
    throw optionError('matchType: patterns', 'a pattern or a list of patterns', patterns)
  }
  const exact = new Set<string>()
  const prefixes: string[] = []
  for (const pattern of patterns) {
    const star = typeof pattern === 'string' ? pattern.indexOf('*') : 0
    if (pattern === '*') return () => true
    if (star === -1 && pattern !== '') exact.add(pattern)
    else if (star > 1 && star === pattern.length - 1 && pattern[star - 1] === '.')
      prefixes.push(pattern.slice(0, -1))
    else throw optionError('matchType: a pattern', "'*', 'prefix.*' or an event type", pattern)
  }
  return (type) => exact.has(type) || prefixes.some((prefix) => type.startsWith(prefix))
}

import type { OperatorFunction } from 'rxjs'
import type { SseEvent } from '../event.ts'
import { shapeOf } from '../shape.ts'
import { operate } from '../stage/operate.ts'
import type { OfType } from './of-type.ts'

/** The event types a pattern stands for, as a type. */
export type MatchedBy<P extends string> = P extends '*'
  ? string
  : P extends `${infer Prefix}.*`
    ? `${Prefix}.${string}`
    : P

/**
 * Events whose type matches one of the patterns: `'*'` is any type, `'alert.*'` any that starts with `alert.`, anything
 * else that very type. Types are case-sensitive. A `*` anywhere else is a `TypeError`.
 *
 * Emits when an event's type matches.
 * Drops the others.
 * Completes when the source completes.
 * Unsubscribes from the source at once.
 */
export function matchType<S extends SseEvent<unknown>, const P extends string>(
  patterns: P | readonly P[],
): OperatorFunction<S, OfType<S, MatchedBy<P>>> {
  const matches = typeMatcher(typeof patterns === 'string' ? [patterns] : patterns)
  const isMatch = (event: S): event is S & OfType<S, MatchedBy<P>> => matches(event.type)
  return operate((stage) => ({
    next(event) {
      if (isMatch(event)) {
        stage.ledger.out++
        stage.out.next(event)
      } else stage.ledger.dropped++
    },
  }))
}

function typeMatcher(patterns: readonly string[]): (type: string) => boolean {
  if (!Array.isArray(patterns) || patterns.length === 0) {
    throw new TypeError(`matchType needs a pattern or a list of patterns, not ${shapeOf(patterns)}`)
  }
  const exact = new Set<string>()
  const prefixes: string[] = []
  for (const pattern of patterns) {
    const star = typeof pattern === 'string' ? pattern.indexOf('*') : 0
    if (pattern === '*') return () => true
    if (star === -1 && pattern !== '') exact.add(pattern)
    else if (star > 1 && star === pattern.length - 1 && pattern[star - 1] === '.')
      prefixes.push(pattern.slice(0, -1))
    else
      throw new TypeError(`matchType: a pattern is '*', 'prefix.*' or an event type, not ${shapeOf(pattern)}`)
  }
  return (type) => exact.has(type) || prefixes.some((prefix) => type.startsWith(prefix))
}

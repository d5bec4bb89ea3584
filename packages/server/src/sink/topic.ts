/** Topics: `'*'` is every one, `'alert.*'` all that begin with `alert.`, others are exact. */
export type TopicPattern = string | readonly string[]

/** Decides which topics pass. */
export interface TopicFilter {
  /** Filters that let the same topics through have the same key: the sorted patterns. */
  readonly key: string
  accepts(topic: string): boolean
}

export const EVERY_TOPIC: TopicFilter = { key: '*', accepts: () => true }

/** A filter that passes topics which match any of the patterns. An empty list passes none. */
export function createTopicFilter(pattern: TopicPattern): TopicFilter {
  const patterns = typeof pattern === 'string' ? [pattern] : pattern
  if (patterns.includes('*')) return EVERY_TOPIC
  const exact = new Set(patterns.filter((each) => !each.endsWith('.*')))
  const prefixes = patterns.filter((each) => each.endsWith('.*')).map((each) => each.slice(0, -1))
  return {
    key: JSON.stringify([...new Set(patterns)].sort()),
    accepts: (topic) => exact.has(topic) || prefixes.some((prefix) => topic.startsWith(prefix)),
  }
}

/** The filter of a query such as `?event_type=a,b.*`. Without the parameter, every topic passes. */
export function parseTopicFilter(query: URLSearchParams, parameter: string): TopicFilter {
  const patterns = readPatterns(query, parameter)
  return patterns.length === 0 ? EVERY_TOPIC : createTopicFilter(patterns)
}

/** The number of patterns in a query. */
export function countPatterns(query: URLSearchParams, parameter: string | undefined): number {
  return parameter === undefined ? 0 : readPatterns(query, parameter).length
}

function readPatterns(query: URLSearchParams, parameter: string): string[] {
  return query
    .getAll(parameter)
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

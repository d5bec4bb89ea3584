/** What a stream may carry: `'*'` is everything, `'alert.*'` what begins with `alert.`, anything else itself. */
export type TopicPattern = string | readonly string[]

/** Whether a topic is let through. */
export interface TopicFilter {
  /** The same for filters that let the same through: the patterns, sorted. */
  readonly key: string
  accepts(topic: string): boolean
}

/** Lets everything through. */
export const everyTopic: TopicFilter = { key: '*', accepts: () => true }

/** A filter of patterns, any of which may match. An empty list lets nothing through. */
export function topicFilter(pattern: TopicPattern): TopicFilter {
  const patterns = typeof pattern === 'string' ? [pattern] : pattern
  if (patterns.includes('*')) return everyTopic
  const exact = new Set(patterns.filter((each) => !each.endsWith('.*')))
  const prefixes = patterns.filter((each) => each.endsWith('.*')).map((each) => each.slice(0, -1))
  return {
    key: JSON.stringify([...new Set(patterns)].sort()),
    accepts: (topic) => exact.has(topic) || prefixes.some((prefix) => topic.startsWith(prefix)),
  }
}

/** The filter a query asks for: `?event_type=a,b.*`, also repeated; without the parameter, everything. */
export function queryFilter(query: URLSearchParams, parameter: string): TopicFilter {
  const patterns = query
    .getAll(parameter)
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
  return patterns.length === 0 ? everyTopic : topicFilter(patterns)
}

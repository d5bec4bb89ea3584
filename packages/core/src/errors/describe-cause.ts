/**
 * What the innermost causes of an error say. `AggregateError` has no message of its own, and that of `fetch` may be just
 * "fetch failed". Empty if they say nothing.
 */
export function describeCause(cause: unknown): string {
  // Deno's `fetch` quotes the whole URL, and its query may hold a secret.
  return [...new Set(innermostMessages(cause, 0))].join('; ').replace(/\?[^\s)]+/g, '?…')
}

const MAX_DEPTH = 10

function innermostMessages(error: unknown, depth: number): string[] {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return []
  const inner = error instanceof AggregateError ? error.errors : [error.cause]
  const messages = inner.flatMap((one: unknown) => innermostMessages(one, depth + 1))
  const { code = '' } = error as { code?: unknown }
  return messages.length > 0 ? messages : [error.message || `${code}`].filter(Boolean)
}

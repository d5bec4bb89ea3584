import type { TransportErrorCode } from '../transport/transport.ts'

/** A response whose body cannot be read as it arrives. No attempt with the same transport can do better. */
export class UnreadableResponseError extends TypeError {
  override readonly name = 'UnreadableResponseError'
}

/** The message of an error of a transport. */
export function describeFailure(code: TransportErrorCode, cause: unknown): string {
  if (cause instanceof UnreadableResponseError) return `the response cannot be read: ${cause.message}`
  // The HTTP client's message about a request that it refuses may quote the request.
  if (code === 'request') return 'the request cannot be made'
  // `AggregateError` has no message of its own, and that of `fetch` may be just "fetch failed".
  const details = [...new Set(innermostMessages(cause))].join('; ')
  const subject = code === 'redirect' ? 'redirect' : 'the connection failed'
  return details === '' ? subject : `${subject}: ${details}`
}

const MAX_DEPTH = 10

function innermostMessages(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return []
  const inner = error instanceof AggregateError ? error.errors : [error.cause]
  const messages = inner.flatMap((one: unknown) => innermostMessages(one, depth + 1))
  if (messages.length > 0) return messages
  const { code } = error as { code?: unknown }
  const message = error.message || (typeof code === 'string' ? code : '')
  return message === '' ? [] : [withoutQuery(message)]
}

/** Removes queries from an error message. Deno's `fetch` quotes the whole URL, and its query may hold a secret. */
function withoutQuery(message: string): string {
  return message.replace(/\?[^\s)]+/g, '?…')
}

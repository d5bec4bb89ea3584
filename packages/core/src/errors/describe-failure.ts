import { describeCause } from '#platform'
import type { TransportErrorCode } from '../transport/transport.ts'

/** The message of an error of a transport. `hasResponse` says whether a response came before. */
export function describeFailure(code: TransportErrorCode, cause: unknown, hasResponse: boolean): string {
  // The HTTP client's message about a request that it refuses may quote the request.
  if (code === 'request' && !hasResponse) return 'the request cannot be made'
  const subject = SUBJECTS[code] ?? 'the connection failed'
  const details = describeCause(cause)
  return details ? `${subject}: ${details}` : subject
}

const SUBJECTS: Partial<Record<TransportErrorCode, string>> = {
  redirect: 'redirect',
  request: 'the response cannot be read',
}

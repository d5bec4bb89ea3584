import type { LogEntry, LoggedMessage } from './event-log.ts'

/**
 * The topic of entries that tell all servers of a log to end connections. No client receives them.
 * Topics of messages do not begin with NUL.
 */
const DISCONNECT_TOPIC = '\0disconnect'

export interface DisconnectOrder {
  /** Names the order, so that the server that gave it does not carry it out twice. */
  readonly name: string
  /** Milliseconds after which the clients come back. Default: as the sink says. */
  readonly retry?: number | undefined
}

export function createDisconnectMessage(order: DisconnectOrder): LoggedMessage {
  return { topic: DISCONNECT_TOPIC, data: JSON.stringify(order) }
}

/** Whether an entry is for servers and not for clients. */
export function isForServers({ topic }: LoggedMessage): boolean {
  return topic.startsWith('\0')
}

/** Undefined if the entry is no order, or a malformed one. */
export function parseDisconnect({ message }: LogEntry): DisconnectOrder | undefined {
  if (message.topic !== DISCONNECT_TOPIC) return undefined
  try {
    const { name, retry }: { name?: unknown; retry?: unknown } = Object(JSON.parse(message.data))
    const isRetry = retry === undefined || (Number.isSafeInteger(retry) && (retry as number) >= 0)
    return typeof name === 'string' && isRetry ? { name, retry: retry as number | undefined } : undefined
  } catch {
    return undefined
  }
}

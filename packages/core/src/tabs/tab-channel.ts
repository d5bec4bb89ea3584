import {
  EventSourceError,
  type EventSourceErrorCode,
  type EventSourceErrorDetails,
} from '../errors/event-source-error.ts'
import type { Message } from './protocol.ts'
import type { ChannelLike, WebPlatform } from './web-platform.ts'

/** Carries messages between tabs. What is posted in one turn goes as one. */
export class TabChannel {
  readonly #platform: WebPlatform
  readonly #name: string
  readonly #onMessage: (message: Message) => void
  readonly #onForeign: () => void
  #channel: ChannelLike | undefined
  #outbox: unknown[] = []

  /** `onForeign` is called if something else posts under this name. */
  constructor(
    platform: WebPlatform,
    name: string,
    onMessage: (message: Message) => void,
    onForeign: () => void,
  ) {
    this.#platform = platform
    this.#name = name
    this.#onMessage = onMessage
    this.#onForeign = onForeign
  }

  open(): void {
    if (this.#channel) return
    const channel = this.#platform.createChannel(this.#name)
    this.#channel = channel
    channel.onmessage = ({ data }) => {
      const { rxsse: messages } = Object(data) as Partial<Batch>
      if (!Array.isArray(messages)) this.#onForeign()
      else for (const message of messages) if (this.#channel === channel) this.#onMessage(unpack(message))
    }
  }

  post(message: Message): void {
    if (this.#outbox.push(pack(message)) === 1) queueMicrotask(() => this.flush())
  }

  flush(): void {
    const messages = this.#outbox
    this.#outbox = []
    if (messages.length > 0) this.#channel?.postMessage({ rxsse: messages } satisfies Batch)
  }

  close(): void {
    this.flush()
    this.#channel?.close()
    this.#channel = undefined
  }
}

/** What is posted. Its key tells it from what other scripts of the site post. */
interface Batch {
  readonly rxsse: readonly unknown[]
}

/** What stands for an error in a message: structured clone drops the fields of an `EventSourceError`. */
interface PackedError {
  readonly packedError: EventSourceErrorDetails & {
    readonly code: EventSourceErrorCode
    readonly message: string
  }
}

function pack(message: Message): object {
  return mapErrors(message, (value) => {
    if (!(value instanceof EventSourceError)) return value
    const { code, message: text, status, url, attempt, body, retryAfter } = value
    const packedError = { code, message: text, status, url, attempt, body, retryAfter }
    return { packedError } satisfies PackedError
  })
}

function unpack(message: Message): Message {
  return mapErrors(message, (value) => {
    const { packedError } = (value ?? {}) as Partial<PackedError>
    return packedError ? new EventSourceError(packedError.code, packedError.message, packedError) : value
  }) as Message
}

/** A copy of a message with other values where it may have an error. */
function mapErrors(message: Message, map: (value: unknown) => unknown): object {
  if (message.kind === 'end') return { ...message, error: map(message.error) }
  const { state } = message as { readonly state?: object }
  if (!state || !('reason' in state)) return message
  return { ...message, state: { ...state, reason: map(state.reason) } }
}

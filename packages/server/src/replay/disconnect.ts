import { type Duration, parseTimeout } from '@rxsse/shared'
import { encodeReturn } from '../connection/drain.ts'
import { addJitter, type ReconnectionTime } from '../connection/reconnection-time.ts'
import type { Hub } from '../fan-out/hub.ts'
import { findTargetFault } from '../fan-out/target.ts'
import type { PendingRequests } from '../http/pending-requests.ts'
import { createDisconnectMessage, type DisconnectOrder } from '../log/disconnect-entry.ts'
import { SinkError } from '../sink/errors.ts'
import type { Target } from '../sink/message.ts'
import type { Sequencer } from './sequencer.ts'

export interface DisconnectOptions {
  /** How long the clients wait before they come back, up to twice this. Default: the sink's. */
  readonly retry?: Duration
}

export interface DisconnectContext {
  readonly hub: Hub
  readonly pending: PendingRequests
  readonly sequencer: Sequencer
  readonly retry: ReconnectionTime
  readonly random: () => number
}

/** Ends connections here at once, and on the other servers of the log by an entry. */
export class Disconnector {
  readonly #context: DisconnectContext
  readonly #own = new Set<string>()

  constructor(context: DisconnectContext) {
    this.#context = context
  }

  async disconnect(target: Target, { retry }: DisconnectOptions = {}): Promise<void> {
    const fault = findTargetFault(target)
    if (fault !== undefined) throw new SinkError('message', `the target is wrong: ${fault}`)
    const delay = retry === undefined ? undefined : parseTimeout(retry, 'disconnect: retry')
    this.#end(target, delay)
    const { sequencer } = this.#context
    if (sequencer.log === undefined) return
    const name = crypto.randomUUID()
    this.#own.add(name)
    try {
      await sequencer.append(createDisconnectMessage({ name, retry: delay }), target, {})
    } catch (error) {
      this.#own.delete(name)
      throw error
    }
  }

  /** An order came from the log. */
  execute({ name, retry }: DisconnectOrder, target: Target): void {
    if (!this.#own.delete(name)) this.#end(target, retry)
  }

  #end(target: Target, delay: number | undefined): void {
    const { hub, pending, retry, random } = this.#context
    const createLast = () => encodeReturn(addJitter(delay ?? retry.base, random))
    hub.disconnect(target, createLast)
    pending.disconnect({ target, createLast })
  }
}

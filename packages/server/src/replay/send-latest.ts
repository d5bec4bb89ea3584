import type { Connection } from '../connection/connection.ts'
import type { LatestIndex } from './latest-index.ts'
import type { LatestView } from './latest-view.ts'
import { joinLive, type ReplayHost, startReplay } from './replay.ts'

/**
 * Sends a newcomer the latest message of each key, then what was delivered meanwhile, and joins it to
 * its group. `withoutIndex` is called instead if the index would take too much memory.
 */
export function sendLatest(
  connection: Connection,
  index: LatestIndex,
  host: ReplayHost,
  withoutIndex: () => void,
): void {
  new LatestSender(connection, index, host, withoutIndex).begin()
}

class LatestSender {
  readonly #connection: Connection
  readonly #index: LatestIndex
  readonly #host: ReplayHost
  readonly #withoutIndex: () => void
  #view: LatestView | undefined
  #cancelStep = () => {}

  constructor(connection: Connection, index: LatestIndex, host: ReplayHost, withoutIndex: () => void) {
    this.#connection = connection
    this.#index = index
    this.#host = host
    this.#withoutIndex = withoutIndex
  }

  begin(): void {
    const viewer = this.#connection.group
    this.#connection.onClosed(() => this.#stop())
    this.#connection.whenDrained(() => {
      this.#cancelStep = this.#index.ask({
        viewer,
        use: (view) => {
          this.#view = view
          this.#send(view, 0)
        },
        withoutIndex: () => {
          if (this.#connection.isOpen) this.#withoutIndex()
        },
        fail: (error) => this.#fail(error),
      })
    })
  }

  /** One step sends at most a page. */
  #send(view: LatestView, from: number): void {
    let sent = 0
    for (let at = from; at < view.entries.length; ) {
      const { frame, next } = this.#index.piece(view, at)
      at = next
      sent += frame.bytes.length
      const keepsUp = this.#connection.replay(frame)
      if (at >= view.entries.length) break
      if (!keepsUp) {
        this.#replayRest(view, at)
        return
      }
      if (sent < this.#host.pageBytes) continue
      this.#sendLater(view, at)
      return
    }
    this.#join(view)
  }

  /** A client that is behind gets the rest from the log, so that it holds no message. */
  #replayRest(view: LatestView, from: number): void {
    const after = Number(view.entries[from]?.offset) - 1
    const { wants } = view
    this.#stop()
    startReplay(this.#connection, { after, isNewcomer: true, wants }, this.#host)
  }

  #sendLater(view: LatestView, from: number): void {
    this.#cancelStep = this.#host.queue.add({
      read: () => undefined,
      use: () => this.#send(view, from),
      fail: (error) => this.#fail(error),
    })
  }

  #join(view: LatestView): void {
    const connection = this.#connection
    const { later, offset } = view
    this.#stop()
    if (!connection.isOpen) return
    connection.onClosed(undefined)
    if (later === undefined) {
      startReplay(connection, { after: offset, isNewcomer: true }, this.#host)
      return
    }
    const isNew = ({ entry }: (typeof later)[number]) =>
      entry.offset > offset && connection.group.sees(entry.message.topic, entry.target)
    const events = later.filter(isNew).flatMap(({ event }) => event ?? [])
    joinLive(connection, events, true, this.#host)
  }

  #fail(error: unknown): void {
    this.#stop()
    this.#connection.end(undefined, 'cut')
    this.#host.onError(error)
  }

  #stop(): void {
    this.#cancelStep()
    if (this.#view !== undefined) this.#index.release(this.#view)
    this.#view = undefined
  }
}

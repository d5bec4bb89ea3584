import type { SseEvent } from '@rxsse/shared'
import type { HistoryLimits } from '../src/tabs/history.ts'
import type { Message } from '../src/tabs/protocol.ts'
import { Tab } from '../src/tabs/tab.ts'
import type { LockMode, TabPort } from '../src/tabs/tab-port.ts'

/** A step of the server's stream. */
export interface Step {
  /** Undefined for an event without an ID. */
  readonly id: string | undefined
  /** False for a block that has an ID only. */
  readonly isEvent: boolean
}

interface Stream {
  /** The index of the next step of the log. */
  next: number
  lastEventId: string
  /** The ID of a first block without data, as a sink sends it. */
  greeting: string | undefined
  isOpen: boolean
}

/** What calls an observer of the user. */
export type Callback = 'event' | 'cursor' | 'warning' | 'state' | 'resume'

/** One tab of the model, and what became of it. */
export interface ModelTab {
  readonly name: string
  readonly tab: Tab
  readonly inbox: { readonly from: ModelTab; readonly message: Message }[]
  /** What the lock manager tells. */
  readonly lockNews: (() => void)[]
  /** The indexes of the steps delivered. */
  readonly delivered: number[]
  readonly warnings: string[]
  readonly ends: (string | undefined)[]
  /** What an observer does when it is called next. */
  readonly reactions: Map<Callback, () => void>
  stream: Stream | undefined
  paused: boolean
  state: 'running' | 'hung' | 'away' | 'gone'
  /** The length of the log when the tab got its first ID. */
  placedAt: number | undefined
}

/** Tabs, a lock, channels and a server, in which any order of events can be played. */
export class TabWorld {
  readonly log: Step[] = []
  readonly tabs: ModelTab[] = []
  readonly #limits: HistoryLimits
  readonly #greets: boolean
  #holder: ModelTab | undefined
  #queue: ModelTab[] = []

  /** `greets`: a new client first gets an ID without an event, as a sink sends it. */
  constructor(limits: HistoryLimits, greets: boolean) {
    this.#limits = limits
    this.#greets = greets
  }

  get running(): ModelTab[] {
    return this.tabs.filter(({ state }) => state === 'running')
  }

  get lockHolder(): ModelTab | undefined {
    return this.#holder
  }

  publish(step: Step): void {
    this.log.push(step)
  }

  open(lastEventId = '', options: Readonly<Record<string, string>> = {}): ModelTab {
    const name = `t${this.tabs.length}`
    const model = {
      name,
      inbox: [],
      lockNews: [],
      delivered: [],
      warnings: [],
      ends: [],
      reactions: new Map(),
      paused: false,
      stream: undefined,
      state: 'running',
      placedAt: lastEventId === '' ? undefined : this.#indexAfter(lastEventId),
    } as unknown as ModelTab
    const tab = new Tab(name, options, this.#createPort(model), this.#limits)
    Object.assign(model, { tab })
    this.tabs.push(model)
    tab.start(lastEventId)
    return model
  }

  /** The first message from `from` that `to` has not got. */
  deliver(from: ModelTab, to: ModelTab): boolean {
    const index = to.inbox.findIndex((one) => one.from === from)
    if (index < 0 || to.state !== 'running') return false
    const [{ message }] = to.inbox.splice(index, 1) as unknown as [{ message: Message }]
    to.tab.onMessage(message)
    return true
  }

  tellLock(model: ModelTab): boolean {
    if (model.state !== 'running') return false
    const news = model.lockNews.shift()
    news?.()
    return news !== undefined
  }

  /** The next step of the tab's connection. */
  read(model: ModelTab): boolean {
    const { stream, tab } = model
    if (!stream || model.state !== 'running' || model.paused) return false
    if (!stream.isOpen) {
      stream.isOpen = true
      tab.onStreamState({ status: 'open', attempt: 1, url: '', httpStatus: 200, headers: {} })
      return true
    }
    const { greeting } = stream
    if (greeting !== undefined) {
      Object.assign(stream, { greeting: undefined, lastEventId: greeting })
      tab.onStreamCursor(greeting)
      return true
    }
    const step = this.log[stream.next]
    if (!step) return false
    const index = stream.next++
    stream.lastEventId = step.id ?? stream.lastEventId
    const { lastEventId } = stream
    if (step.isEvent) tab.onStreamEvent({ type: 'message', data: `${index}`, lastEventId })
    if (step.id !== undefined && model.stream === stream) tab.onStreamCursor(step.id)
    return true
  }

  /** The tab is gone without a word. Of its messages, each other tab gets at most `reach`. */
  kill(model: ModelTab, reach = Number.POSITIVE_INFINITY): void {
    for (const to of this.tabs) {
      const sent = to.inbox.filter(({ from }) => from === model)
      for (const lost of sent.slice(reach)) to.inbox.splice(to.inbox.indexOf(lost), 1)
    }
    model.state = 'gone'
    model.stream = undefined
    this.#release(model)
  }

  leave(model: ModelTab): void {
    model.tab.leave()
    model.state = 'gone'
  }

  suspend(model: ModelTab): void {
    model.tab.suspend()
    model.inbox.length = 0
    model.state = 'away'
  }

  /** A hung tab wakes, or a suspended one comes back. */
  resume(model: ModelTab): void {
    const { state } = model
    model.state = 'running'
    if (state === 'away') model.tab.resume()
  }

  /** Lets everything happen that is under way, and time pass. */
  settle(): void {
    for (let round = 0; round < 40; round++) {
      this.#drain()
      for (const { tab } of this.running) {
        tab.onTick()
        this.#drain()
      }
    }
  }

  #drain(): void {
    for (let busy = true, turns = 0; busy; turns++) {
      if (turns > 10_000) throw new Error('the tabs never come to rest')
      busy = false
      for (const to of this.running) {
        while (to.inbox[0] && this.deliver(to.inbox[0].from, to)) busy = true
        if (this.tellLock(to)) busy = true
        if (this.read(to)) busy = true
      }
    }
  }

  #indexAfter(id: string): number {
    const [, start] = id.split('start ')
    if (start !== undefined) return Number(start)
    return this.log.findLastIndex((step) => step.id === id) + 1
  }

  #createPort(model: ModelTab): TabPort {
    const react = (callback: Callback): void => {
      const reaction = model.reactions.get(callback)
      model.reactions.delete(callback)
      reaction?.()
    }
    return {
      post: (message) => {
        const copy = structuredClone(message)
        for (const to of this.tabs)
          if (to !== model && to.state !== 'gone' && to.state !== 'away')
            to.inbox.push({ from: model, message: copy })
      },
      requestLock: (mode) => this.#request(model, mode),
      releaseLock: () => this.#release(model),
      releaseLockLater: () => this.#release(model),
      openStream: (lastEventId) => {
        if (model.stream) throw new Error('two connections of one tab')
        const next = lastEventId === '' ? this.log.length : this.#indexAfter(lastEventId)
        const greeting = lastEventId === '' && this.#greets ? `start ${next}` : undefined
        model.stream = { next, lastEventId, greeting, isOpen: false }
        model.paused = false
      },
      closeStream: () => {
        model.stream = undefined
      },
      pauseStream: (paused) => {
        model.paused = paused
        // Data that has arrived comes at once.
        if (!paused) react('resume')
      },
      wakeStream() {},
      deliver: ({ data }: SseEvent) => {
        model.delivered.push(Number(data))
        react('event')
      },
      tellCursor: (id) => {
        if (id !== '') model.placedAt ??= this.log.length
        react('cursor')
      },
      tellNews: (news) => {
        if (news.kind === 'warning') model.warnings.push(news.warning.code)
        react('warning')
      },
      tellState: () => react('state'),
      end: (error) => {
        model.ends.push(error?.message)
        model.state = 'gone'
      },
    }
  }

  #request(model: ModelTab, mode: LockMode): void {
    this.#release(model)
    if (mode === 'steal') {
      const robbed = this.#holder
      this.#holder = model
      model.lockNews.push(() => model.tab.onLockGranted())
      if (robbed) robbed.lockNews.splice(0, robbed.lockNews.length, () => robbed.tab.onLockLost())
    } else if (mode === 'try' && (this.#holder || this.#queue.length > 0)) {
      model.lockNews.push(() => model.tab.onLockUnavailable())
    } else {
      this.#queue.push(model)
      this.#grant()
    }
  }

  #release(model: ModelTab): void {
    model.lockNews.length = 0
    this.#queue = this.#queue.filter((one) => one !== model)
    if (this.#holder === model) this.#holder = undefined
    this.#grant()
  }

  #grant(): void {
    if (this.#holder) return
    const next = this.#queue.shift()
    if (!next) return
    this.#holder = next
    next.lockNews.push(() => next.tab.onLockGranted())
  }
}

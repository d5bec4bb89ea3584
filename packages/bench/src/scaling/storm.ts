import TinyQueue from 'tinyqueue'

/** A node has died; its clients come back to the others. Times are seconds. */
export interface Storm {
  /** Nodes left, each with as many connections as the dead one had. */
  readonly survivors: number
  readonly connectionsANode: number
  /** Until a client tries again: `delay * (1 + jitter * random)`. */
  readonly delay: number
  readonly jitter: number
  /** What a node spends on taking a client in, and on one delivery. */
  readonly joining: number
  readonly delivering: number
  /** Between ticks, in each of which every connection of a node gets one delivery. */
  readonly tick: number
  /** Connections that a node's kernel keeps for it to accept; what comes beyond is not answered. Node's default is 511. */
  readonly backlog: number
  /**
   * A client that is not answered asks again after one second, so many times; then after 2, 4 and more. Linux since 6.5
   * does so 4 times, as macOS does about; others double from the start.
   */
  readonly evenResends: number
  /** After which a client gives up connecting, and tries again as after a loss. */
  readonly connectTimeout: number
}

export interface Aftermath {
  /** When the clients were back, ascending. */
  readonly back: readonly number[]
  /** The longest that an event took, or would have taken, to be with everybody at a node. */
  readonly slowest: number
  /** Attempts that found a full backlog. */
  readonly unanswered: number
  /** Clients that gave up connecting, once for each time. */
  readonly givenUp: number
}

/**
 * Plays a storm event by event. A node is one thread that does what has come in its order: a client to take in, a tick
 * to deliver. Throws a `RangeError` where a node comes to have more clients than it can deliver to.
 */
export function simulateStorm(storm: Storm, random: () => number): Aftermath {
  const { survivors, connectionsANode, joining, delivering, tick, backlog } = storm
  const agenda = new TinyQueue<Happening>([], (a, b) => a.at - b.at)
  const nodes: Node[] = Array.from({ length: survivors }, () => ({
    busyUntil: 0,
    behind: true,
    connections: connectionsANode,
    waiting: [],
  }))
  const back: number[] = []
  let slowest = 0
  let unanswered = 0
  let givenUp = 0

  for (const node of nodes) deliverFrom(node, random() * tick)
  for (let client = 0; client < connectionsANode; client++) waitAndTry(0)

  // Ticks go on for ever: the storm is over when everybody is back and no tick finds its node busy.
  while (back.length < connectionsANode || nodes.some(({ behind }) => behind)) {
    agenda.pop()?.happen()
  }
  back.sort((a, b) => a - b)
  return { back, slowest, unanswered, givenUp }

  function waitAndTry(now: number): void {
    const at = now + storm.delay * (1 + storm.jitter * random())
    const node = nodes[Math.floor(random() * survivors)] as Node
    connectAt(at, { node, since: at, resends: 0 })
  }

  function connectAt(at: number, attempt: Attempt): void {
    agenda.push({ at, happen: () => connect(at, attempt) })
  }

  function connect(now: number, { node, since, resends }: Attempt): void {
    while ((node.waiting[0] ?? Number.POSITIVE_INFINITY) <= now) node.waiting.shift()
    if (node.waiting.length < backlog) {
      const start = Math.max(now, node.busyUntil)
      if (start > now) node.waiting.push(start)
      node.busyUntil = start + joining
      node.connections += 1
      back.push(node.busyUntil)
      slowest = Math.max(slowest, node.busyUntil - now + node.connections * delivering)
      return
    }
    unanswered += 1
    const next = now + 2 ** Math.max(0, resends - storm.evenResends)
    const end = since + storm.connectTimeout
    if (next < end) connectAt(next, { node, since, resends: resends + 1 })
    else {
      givenUp += 1
      agenda.push({ at: end, happen: () => waitAndTry(end) })
    }
  }

  function deliverFrom(node: Node, at: number): void {
    agenda.push({
      at,
      happen() {
        if (node.connections * delivering >= tick) {
          throw new RangeError('a node has more clients than it can deliver to: it never gets out of it')
        }
        node.behind = node.busyUntil > at
        node.busyUntil = Math.max(at, node.busyUntil) + node.connections * delivering
        slowest = Math.max(slowest, node.busyUntil - at)
        deliverFrom(node, at + tick)
      },
    })
  }
}

interface Happening {
  readonly at: number
  readonly happen: () => void
}

interface Attempt {
  readonly node: Node
  readonly since: number
  /** How often TCP has asked again. */
  readonly resends: number
}

interface Node {
  /** When it will have done all that has come so far. */
  busyUntil: number
  /** Whether its last tick had to wait. */
  behind: boolean
  connections: number
  /** When each of those in the backlog will be accepted, ascending. */
  waiting: number[]
}

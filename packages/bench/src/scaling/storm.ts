import TinyQueue from 'tinyqueue'

/** A node is lost, and its clients reconnect to the others. Times are seconds. */
export interface Storm {
  /** The remaining nodes. Each has as many connections as the lost one had. */
  readonly survivors: number
  readonly connectionsANode: number
  /** A client reconnects after `delay * (1 + jitter * random)`. */
  readonly delay: number
  readonly jitter: number
  /** The time of a node for admitting a client, and for one delivery. */
  readonly joining: number
  readonly delivering: number
  /** The time between ticks. In each tick every connection of a node gets one delivery. */
  readonly tick: number
  /** Connections in the kernel's accept queue. Further ones are not answered. Node's default is 511. */
  readonly backlog: number
  /**
   * A client that is not answered sends its SYN again after one second, this many times, and then after 2, 4 and more
   * seconds. Linux since 6.5 and macOS do so 4 times. Others double from the start.
   */
  readonly evenResends: number
  /** A client gives up connecting after this time, and reconnects as after a loss. */
  readonly connectTimeout: number
}

export interface Aftermath {
  /** When the clients were back, in ascending order. */
  readonly back: readonly number[]
  /** The longest time until an event reached, or would have reached, every client of a node. */
  readonly slowest: number
  /** Attempts that found a full backlog. */
  readonly unanswered: number
  /** How often a client gave up connecting. */
  readonly givenUp: number
}

/**
 * Simulates a storm event by event. A node is one thread that handles its tasks in their order: it admits clients and
 * delivers ticks. Throws a `RangeError` if a node gets more clients than it can deliver to.
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

  // Ticks never end. The storm is over when all clients are back and no tick finds its node busy.
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
          throw new RangeError('a node has more clients than it can deliver to, and never recovers')
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
  /** How often TCP has sent the SYN again. */
  readonly resends: number
}

interface Node {
  /** When it will have handled all its tasks. */
  busyUntil: number
  /** Whether its last tick had to wait. */
  behind: boolean
  connections: number
  /** When the connections in the accept queue will be accepted, in ascending order. */
  waiting: number[]
}

import { deliveryCost, type Figures } from './figures.ts'

/** The load of a cluster. */
export interface Load {
  readonly connections: number
  /** Events a second to each connection. */
  readonly rate: number
  readonly eventBytes: number
  /** Events in one turn of the event loop, which share a write. */
  readonly eventsPerTick: number
  /** Whether the nodes terminate TLS themselves. */
  readonly tls: boolean
}

/** The limits of a node, which runs one thread. */
export interface NodeLimits {
  /** The share of its core for deliveries. The rest is for joining clients, garbage collection and peaks. */
  readonly cpu: number
  readonly memoryGiB: number
  /** Seconds within which the clients of a lost node reconnect. */
  readonly spread: number
}

export interface Plan {
  readonly nodes: number
  /** The limit that decides the number of nodes. */
  readonly bound: 'deliveries' | 'memory' | 'losing a node'
  readonly connectionsANode: number
  readonly cpu: number
  readonly memoryGiB: number
  /** Bits a second out of each node. */
  readonly bandwidth: number
  /** The share of one core that Redis uses, for publishing and for the reads of every node. */
  readonly redisCpu: number
}

/** The number of nodes for a load. Any one of them can be lost. */
export function plan(load: Load, limits: NodeLimits, figures: Figures): Plan {
  const { connections, rate, eventBytes, eventsPerTick, tls } = load
  const delivering = (rate * deliveryCost(figures, eventsPerTick)) / 1e6
  const joining = (figures.join.resuming + (tls ? figures.join.tls - figures.join.fresh : 0)) / 1e6
  const kib = figures.memory.resident + figures.memory.kernel
  const enough = {
    deliveries: Math.ceil((connections * delivering) / limits.cpu),
    memory: Math.ceil((connections * kib) / (limits.memoryGiB * 1024 * 1024)),
    'losing a node': nodesToLoseOne(connections, delivering, joining, limits.spread),
  }
  const [bound, nodes] = (Object.entries(enough) as [Plan['bound'], number][]).reduce((most, each) =>
    each[1] > most[1] ? each : most,
  )
  const connectionsANode = Math.ceil(connections / nodes)
  return {
    nodes,
    bound,
    connectionsANode,
    cpu: connectionsANode * delivering,
    memoryGiB: (connectionsANode * kib) / (1024 * 1024),
    bandwidth: connectionsANode * rate * eventBytes * 8,
    redisCpu: (rate * (figures.redis.append + nodes * figures.redis.read)) / 1e6,
  }
}

/** The smallest number of nodes of which one can be lost: the others deliver on and admit its clients in time. */
function nodesToLoseOne(connections: number, delivering: number, joining: number, spread: number): number {
  const bearable = 0.9
  for (let nodes = 2; ; nodes++) {
    const survivors = nodes - 1
    const afterwards = (connections * delivering) / survivors
    const returning = ((connections / nodes) * joining) / (survivors * spread)
    if (afterwards + returning <= bearable) return nodes
  }
}

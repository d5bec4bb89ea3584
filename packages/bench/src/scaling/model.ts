import { deliveryCost, type Figures } from './figures.ts'

/** What is asked of a cluster. */
export interface Load {
  readonly connections: number
  /** Events a second that each connection gets. */
  readonly rate: number
  readonly eventBytes: number
  /** Events that come within one turn of the event loop and share a write. */
  readonly eventsPerTick: number
  /** Whether clients come by TLS that the node itself ends. */
  readonly tls: boolean
}

/** What a node may be filled to; each runs one thread. */
export interface NodeLimits {
  /** Share of its core that deliveries may take: the rest is for joining, collecting garbage, and bad days. */
  readonly cpu: number
  readonly memoryGiB: number
  /** Seconds over which the clients of a lost node come back. */
  readonly spread: number
}

export interface Plan {
  readonly nodes: number
  /** What decides how many. */
  readonly bound: 'deliveries' | 'memory' | 'losing a node'
  readonly connectionsANode: number
  readonly cpu: number
  readonly memoryGiB: number
  /** Bits a second out of each node. */
  readonly bandwidth: number
  /** Share of one core that Redis takes, for publishing and for every node's reading. */
  readonly redisCpu: number
}

/** How many nodes a load takes, so that any one of them can be lost. */
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

/** The fewest of which one can go while the others deliver on, and take its clients in as fast as these come. */
function nodesToLoseOne(connections: number, delivering: number, joining: number, spread: number): number {
  const bearable = 0.9
  for (let nodes = 2; ; nodes++) {
    const survivors = nodes - 1
    const afterwards = (connections * delivering) / survivors
    const returning = ((connections / nodes) * joining) / (survivors * spread)
    if (afterwards + returning <= bearable) return nodes
  }
}

import { toMarkdownTable } from '../harness/markdown-table.ts'
import { drawLineChart, type LineChart } from '../plots/line-chart.ts'
import type { Report } from '../report/page.ts'
import { deliveryCost, type Figures } from './figures.ts'
import { type Load, type NodeLimits, plan } from './model.ts'
import { seededRandom } from './seeded-random.ts'
import { type Aftermath, simulateStorm } from './storm.ts'

/** The generated parts of docs/scaling.md. They depend on the figures only, because the simulation is seeded. */
export function createScalingReport(figures: Figures): Report {
  const storms = playStorms(figures)
  return {
    parts: {
      'table: figures': figuresTable(figures),
      'table: plans': plansTable(figures),
      'table: storms': stormsTable(storms),
    },
    pictures: {
      'nodes.svg': drawLineChart(nodesChart(figures)),
      'back.svg': drawLineChart(stormChart(storms, BACK)),
      'slowest.svg': drawLineChart(stormChart(storms, SLOWEST)),
    },
  }
}

function figuresTable(figures: Figures): string {
  const { delivery, join, memory, redis } = figures
  return toMarkdownTable(
    ['measurement', 'figure'],
    [
      ['delivery of the only event of a tick', `${delivery.alone} µs`],
      ['delivery of one of 16 events of a tick', `${delivery.ofSixteen} µs`],
      ['accepting a connection', `${join.fresh} µs`],
      ['accepting a connection that missed 20 events', `${join.resuming} µs`],
      ['accepting a TLS connection in the process itself', `${join.tls} µs`],
      ['memory of an idle connection in the process', `${memory.resident} KiB`],
      ['memory of its socket in the kernel', `${memory.kernel} KiB`],
      ['Redis: publishing an event', `${redis.append} µs`],
      ['Redis: one node reading it', `${redis.read} µs`],
      ['node: reading it from Redis', `${redis.node} µs`],
    ],
  )
}

const LIMITS: NodeLimits = { cpu: 0.5, memoryGiB: 2, spread: 2 }

/** Events a second to each connection, and the number that share a tick. */
const PACES = [
  { name: '1 a minute', rate: 1 / 60, eventsPerTick: 1 },
  { name: '1 a second', rate: 1, eventsPerTick: 1 },
  { name: '10 a second, 2 a tick', rate: 10, eventsPerTick: 2 },
  { name: '100 a second, 16 a tick', rate: 100, eventsPerTick: 16 },
]

function load(connections: number, { rate, eventsPerTick }: (typeof PACES)[number]): Load {
  return { connections, rate, eventsPerTick, eventBytes: 220, tls: false }
}

function plansTable(figures: Figures): string {
  const rows = PACES.flatMap((pace) =>
    [100_000, 1_000_000].map((connections) => {
      const { nodes, bound, connectionsANode, cpu, memoryGiB, bandwidth, redisCpu } = plan(
        load(connections, pace),
        LIMITS,
        figures,
      )
      return [
        pace.name,
        whole(connections),
        whole(nodes),
        bound,
        whole(connectionsANode),
        percent(cpu),
        `${memoryGiB.toFixed(2)} GiB`,
        bits(bandwidth),
        percent(redisCpu),
      ]
    }),
  )
  return toMarkdownTable(
    [
      'events to each client',
      'connections',
      'nodes',
      'limited by',
      'per node',
      'core of a node',
      'memory of a node',
      'output of a node',
      'core of Redis',
    ],
    rows,
  )
}

const CONNECTIONS = [10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000]

function nodesChart(figures: Figures): LineChart {
  return {
    title: 'Nodes by connections and events to each client',
    x: { label: 'connections', scale: 'log', ticks: CONNECTIONS, format: short },
    y: { label: 'nodes', scale: 'log', ticks: [1, 2, 5, 10, 20, 50, 100, 200, 500], format: whole },
    series: PACES.map((pace) => ({
      name: pace.name,
      points: CONNECTIONS.map((n) => [n, plan(load(n, pace), LIMITS, figures).nodes] as const),
    })),
  }
}

/** Ten nodes, one of which dies, with one event a second to every connection. */
const SURVIVORS = 9
const ON_A_NODE = [5_000, 10_000, 20_000, 50_000, 100_000]

/** The retry delay of the clients: the same for all, or a random one between `delay` and twice `delay`. */
const RETRIES = [
  { name: '3 s for all', delay: 3, jitter: 0 },
  { name: '1 to 2 s', delay: 1, jitter: 1 },
  { name: '2 to 4 s', delay: 2, jitter: 1 },
  { name: '5 to 10 s', delay: 5, jitter: 1 },
]

/** The results of the storms: by retry delay, then by the connections on each node. */
type Storms = ReadonlyMap<string, ReadonlyMap<number, Aftermath>>

function playStorms(figures: Figures): Storms {
  const joining = figures.join.resuming / 1e6
  const delivering = deliveryCost(figures, 1) / 1e6
  // As long as the remaining nodes can deliver to every client.
  const bearable = 0.9 / ((1 + 1 / SURVIVORS) * delivering)
  const sizes = ON_A_NODE.filter((connections) => connections <= bearable)
  return new Map(
    RETRIES.map(({ name, delay, jitter }) => [
      name,
      new Map(
        sizes.map((connectionsANode) => {
          const told = { delay, jitter, evenResends: 4, connectTimeout: 30 }
          const nodes = { survivors: SURVIVORS, connectionsANode, backlog: 511 }
          const work = { joining, delivering, tick: 1 }
          return [
            connectionsANode,
            simulateStorm({ ...told, ...nodes, ...work }, seededRandom(connectionsANode)),
          ]
        }),
      ),
    ]),
  )
}

interface Outcome {
  readonly title: string
  readonly label: string
  readonly ticks: readonly number[]
  of(aftermath: Aftermath): number
}

const BACK: Outcome = {
  title: 'Time until 99 % of a lost node’s clients reconnect, by retry delay',
  label: 'seconds',
  ticks: [1, 2, 5, 10, 20, 50, 100, 200],
  of: ({ back }) => back[Math.ceil(back.length * 0.99) - 1] ?? Number.NaN,
}

const SLOWEST: Outcome = {
  title: 'Slowest delivery of the remaining nodes, by retry delay',
  label: 'milliseconds',
  ticks: [0, 100, 200, 300, 400, 500],
  of: ({ slowest }) => slowest * 1_000,
}

function stormChart(storms: Storms, { title, label, ticks, of }: Outcome): LineChart {
  return {
    title,
    x: { label: 'connections on each of ten nodes', scale: 'log', ticks: ON_A_NODE, format: short },
    y: { label, scale: ticks[0] === 0 ? 'linear' : 'log', ticks, format: whole },
    series: Array.from(storms, ([name, bySize]) => ({
      name,
      points: Array.from(bySize, ([connections, aftermath]) => [connections, of(aftermath)] as const),
    })),
  }
}

function stormsTable(storms: Storms): string {
  const rows = ON_A_NODE.flatMap((connections) =>
    Array.from(storms, ([name, bySize]) => {
      const aftermath = bySize.get(connections)
      if (aftermath === undefined || connections < 20_000) return []
      return [
        whole(connections),
        name,
        `${BACK.of(aftermath).toFixed(1)} s`,
        `${SLOWEST.of(aftermath).toFixed(0)} ms`,
        whole(aftermath.unanswered),
        whole(aftermath.givenUp),
      ]
    }).filter((row) => row.length > 0),
  )
  return toMarkdownTable(
    [
      'connections per node',
      'retry delay',
      '99 % reconnected',
      'slowest delivery',
      'unanswered',
      'gave up after 30 s',
    ],
    rows,
  )
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function short(value: number): string {
  return value >= 1e6 ? `${value / 1e6}M` : `${value / 1e3}k`
}

function percent(share: number): string {
  return share < 0.01 ? `${(share * 100).toFixed(1)} %` : `${Math.round(share * 100)} %`
}

function bits(rate: number): string {
  return rate >= 1e9 ? `${(rate / 1e9).toFixed(1)} Gbit/s` : `${(rate / 1e6).toFixed(1)} Mbit/s`
}

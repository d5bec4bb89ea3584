import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createWaits } from '../waits.ts'
import { checkFaults, type Fault, type FaultPlan } from './fault.ts'
import { relay } from './relay.ts'
import { seededRandom } from './seeded-random.ts'

/** Options of {@link createFaultProxy}. */
export interface FaultProxyOptions {
  /** Where connections lead: the port of a server on this machine, or a URL, of which host and port count. */
  readonly target: number | string
  /** What goes wrong on each connection. Default nothing. */
  readonly plan?: FaultPlan
  /**
   * A whole number from which all that is random follows. Default: the environment variable `FAULT_SEED`, or else a new one, which is
   * then printed, so that a failing run can be had again.
   */
  readonly seed?: number
  /** Default 0: one that is free. The proxy listens on 127.0.0.1. */
  readonly port?: number
}

/** A connection through the proxy. */
export interface ProxiedConnection {
  readonly index: number
  readonly faults: readonly Fault[]
  /** Bytes passed on; what was swallowed does not count. */
  readonly bytesToClient: number
  readonly bytesToServer: number
  /** How it ended; undefined while it lasts. `error` is a side that reset it, or a target that could not be reached. */
  readonly endedBy: 'sides' | 'error' | 'cut' | 'reset' | 'proxy' | undefined
}

/** A TCP proxy in front of a server that makes the network go wrong. */
export interface FaultProxy extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/`, or `https:` where the target is a URL of it. */
  readonly url: string
  readonly port: number
  readonly seed: number
  /** Every connection so far, in order. */
  readonly connections: readonly ProxiedConnection[]
  /** Resolves when connection `index` has ended. */
  ended(index: number): Promise<ProxiedConnection>
  /** Ends all open connections, by FIN or by reset. New ones are served. */
  drop(by: 'cut' | 'reset'): void
  /** Resets all open connections and stops listening, so that new ones are refused until `up()`. */
  down(): Promise<void>
  /** Listens again on the same port. */
  up(): Promise<void>
  /** Drops every connection and stops listening. Rejects with the first error of the plan. */
  close(): Promise<void>
}

/**
 * Starts a TCP proxy on a free port of 127.0.0.1 that delays, throttles, cuts, resets and swallows by `plan`. What is random in it
 * follows from `seed` and the number of the connection alone, not from time, so that a run can be repeated.
 *
 * @example
 * ```ts
 * const proxy = await createFaultProxy({ target: server.url, plan: randomFaults({ kinds: ['cut', 'reset'] }) })
 * // ...connect clients to proxy.url, and expect that nothing is lost...
 * await proxy.close()
 * ```
 */
export async function createFaultProxy({
  target,
  plan = () => [],
  seed = chooseSeed(),
  port = 0,
}: FaultProxyOptions): Promise<FaultProxy> {
  const { host, port: targetPort, protocol } = parseTarget(target)
  const connections: Connection[] = []
  const errors: unknown[] = []
  const waits = createWaits()
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const index = connections.length
    let faults: readonly Fault[]
    try {
      faults = checkFaults(plan(index, seededRandom(seed, index)))
    } catch (error) {
      errors.push(error)
      client.on('error', () => {}).resetAndDestroy()
      return
    }
    const server = connect({ host, port: targetPort, allowHalfOpen: true, noDelay: true })
    connections.push(openConnection(index, faults, client, server, waits.check))
    waits.check()
  })
  const address = await listen(listener, port)

  const endAll = (by: 'cut' | 'reset' | 'proxy'): void => {
    for (const connection of connections) connection.end(by)
  }
  const stopListening = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => listener.close(() => resolve()))
    endAll('proxy')
    await stopped
  }
  const close = async (): Promise<void> => {
    await stopListening()
    waits.giveUp('the fault proxy was closed')
    if (errors.length > 0) throw errors[0]
  }

  return {
    url: `${protocol}//127.0.0.1:${address.port}/`,
    port: address.port,
    seed,
    connections,
    ended: (index) =>
      waits.until(`connection ${index} ended`, () =>
        connections[index]?.endedBy === undefined ? undefined : connections[index],
      ),
    drop: endAll,
    down: stopListening,
    async up() {
      await listen(listener, address.port)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function chooseSeed(): number {
  const given = process.env.FAULT_SEED
  if (given) {
    if (/^\d{1,15}$/.test(given)) return Number(given)
    throw new TypeError(`FAULT_SEED takes a whole number, got ${JSON.stringify(given)}`)
  }
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.info(`fault proxy: to have this run again, set FAULT_SEED=${seed}`)
  return seed
}

function parseTarget(target: number | string): { host: string; port: number; protocol: string } {
  if (typeof target === 'number') return { host: '127.0.0.1', port: target, protocol: 'http:' }
  const { hostname, port, protocol } = new URL(target)
  const usual = protocol === 'https:' ? 443 : 80
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port), protocol }
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}

type Connection = { -readonly [K in keyof ProxiedConnection]: ProxiedConnection[K] } & {
  end(by: 'cut' | 'reset' | 'proxy'): void
}

function openConnection(
  index: number,
  faults: readonly Fault[],
  client: Socket,
  server: Socket,
  onChange: () => void,
): Connection {
  const over = new AbortController()
  const finish = (by: NonNullable<ProxiedConnection['endedBy']>): void => {
    if (connection.endedBy !== undefined) return
    connection.endedBy = by
    over.abort()
    for (const socket of [client, server]) {
      if (by === 'reset' || by === 'error' || by === 'proxy') socket.resetAndDestroy()
      // What has been passed on is to arrive before the FIN.
      else socket.destroySoon()
    }
    onChange()
  }
  const connection: Connection = {
    index,
    faults,
    bytesToClient: 0,
    bytesToServer: 0,
    endedBy: undefined,
    end: finish,
  }

  for (const socket of [client, server]) socket.on('error', () => finish('error'))
  const both = [
    relay({
      from: client,
      to: server,
      direction: 'to-server',
      faults,
      over: over.signal,
      onPassed: (bytes) => {
        connection.bytesToServer += bytes
      },
      onEnding: finish,
    }),
    relay({
      from: server,
      to: client,
      direction: 'to-client',
      faults,
      over: over.signal,
      onPassed: (bytes) => {
        connection.bytesToClient += bytes
      },
      onEnding: finish,
    }),
  ]
  Promise.all(both).then(
    () => finish('sides'),
    () => finish('error'),
  )
  return connection
}

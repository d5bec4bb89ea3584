import { connect, createServer, type Socket } from 'node:net'
import { optionError, requireFunction, requireInteger } from '@rxsse/shared'
import { createConditionWaiter } from '../condition-waiter.ts'
import { listen } from '../listen.ts'
import { checkFaults, type Fault, type FaultPlan } from './fault.ts'
import { relay } from './relay.ts'
import { seededRandom } from './seeded-random.ts'

/** Options of {@link createFaultProxy}. */
export interface FaultProxyOptions {
  /** The server: its port on this machine, or a URL, of which only host and port are used. */
  readonly target: number | string
  /** The faults of each connection. Default none. */
  readonly plan?: FaultPlan
  /**
   * A whole number that determines all random faults. Default: the environment variable `FAULT_SEED`, or else a new
   * seed, which is printed so that a failing run can be repeated.
   */
  readonly seed?: number
  /** The port of the proxy on 127.0.0.1. Default 0, any free port. */
  readonly port?: number
}

/** A connection through the proxy. */
export interface ProxiedConnection {
  readonly index: number
  readonly faults: readonly Fault[]
  /** Bytes that were forwarded. Swallowed bytes do not count. */
  readonly bytesToClient: number
  readonly bytesToServer: number
  /** Undefined while it is open. `sides`: both sides closed it. `error`: a side reset it, or the server could not be reached. */
  readonly endedBy: 'sides' | 'error' | 'cut' | 'reset' | 'proxy' | undefined
}

/** A TCP proxy that simulates a faulty network in front of a server. */
export interface FaultProxy extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/`, or `https:` if the target is an `https:` URL. */
  readonly url: string
  readonly port: number
  readonly seed: number
  /** Every connection so far, in order. */
  readonly connections: readonly ProxiedConnection[]
  /** Resolves when connection `index` has ended. */
  ended(index: number): Promise<ProxiedConnection>
  /** Closes all open connections by FIN or by reset. New ones are accepted. */
  drop(by: 'cut' | 'reset'): void
  /** Resets all open connections and refuses new ones until `up()`. */
  down(): Promise<void>
  /** Listens again on the same port. */
  up(): Promise<void>
  /** Closes every connection and stops listening. Rejects with the first error of the plan. */
  close(): Promise<void>
}

/**
 * Starts a TCP proxy that delays, throttles, cuts, resets and swallows bytes as `plan` says. Random faults depend only
 * on `seed` and on the number of the connection, not on time, so a run can be repeated.
 *
 * @example
 * ```ts
 * const proxy = await createFaultProxy({ target: server.url, plan: randomFaults({ kinds: ['cut', 'reset'] }) })
 * // ...connect clients to proxy.url, and check that they lose nothing...
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
  requireFunction(plan, 'createFaultProxy: plan')
  requireInteger(seed, 'createFaultProxy: seed', 0)
  const connections: Connection[] = []
  const errors: unknown[] = []
  const waiter = createConditionWaiter()
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
    connections.push(openConnection(index, faults, client, server, waiter.check))
    waiter.check()
  })
  const address = await listen(listener, '127.0.0.1', port)

  const endAll = (by: 'cut' | 'reset' | 'proxy'): void => {
    for (const connection of connections) connection.end(by)
  }
  const stopListening = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => listener.close(() => resolve()))
    endAll('proxy')
    await stopped
  }
  let isClosed = false
  const close = async (): Promise<void> => {
    isClosed = true
    await stopListening()
    waiter.rejectAll('the fault proxy was closed')
    if (errors.length > 0) throw errors[0]
  }

  return {
    url: `${protocol}//127.0.0.1:${address.port}/`,
    port: address.port,
    seed,
    connections,
    ended: (index) =>
      waiter.until(`connection ${index} ended`, () =>
        connections[index]?.endedBy === undefined ? undefined : connections[index],
      ),
    drop: endAll,
    down: stopListening,
    async up() {
      if (isClosed) throw new Error('the fault proxy was closed')
      await listen(listener, '127.0.0.1', address.port)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function chooseSeed(): number {
  const given = process.env.FAULT_SEED
  if (given) {
    if (/^\d{1,15}$/.test(given)) return Number(given)
    throw optionError('FAULT_SEED', 'a whole number', given)
  }
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.info(`fault proxy: to repeat this run, set FAULT_SEED=${seed}`)
  return seed
}

function parseTarget(target: number | string): { host: string; port: number; protocol: string } {
  const isPort = typeof target === 'number' && Number.isInteger(target) && target > 0 && target < 65_536
  if (isPort) return { host: '127.0.0.1', port: target, protocol: 'http:' }
  if (typeof target !== 'string' || !URL.canParse(target)) {
    throw optionError('createFaultProxy: target', 'a port from 1 to 65535 or a URL', target)
  }
  const { hostname, port, protocol } = new URL(target)
  const defaultPort = protocol === 'https:' ? 443 : 80
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port), protocol }
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
  const closed = new AbortController()
  const finish = (by: NonNullable<ProxiedConnection['endedBy']>): void => {
    if (connection.endedBy !== undefined) return
    connection.endedBy = by
    closed.abort()
    for (const socket of [client, server]) {
      if (by === 'reset' || by === 'error' || by === 'proxy') socket.resetAndDestroy()
      // The forwarded bytes must arrive before the FIN.
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
  const link = { faults, closed: closed.signal, onEnd: finish }
  const toServer = relay({
    ...link,
    from: client,
    to: server,
    direction: 'to-server',
    onForwarded: (bytes) => (connection.bytesToServer += bytes),
  })
  const toClient = relay({
    ...link,
    from: server,
    to: client,
    direction: 'to-client',
    onForwarded: (bytes) => (connection.bytesToClient += bytes),
  })
  Promise.all([toServer, toClient]).then(
    () => finish('sides'),
    () => finish('error'),
  )
  return connection
}

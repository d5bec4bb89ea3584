import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSink, memoryLog, type StreamEndpoint, streamTo } from '@rxsse/server'
import { map, NEVER, timer } from 'rxjs'
import type { ChurnOrder } from './clients.ts'

/*
 * Clients that connect and leave: `node --expose-gc dist/server/churn/main.js [clients]`. A third
 * leaves while its request waits, a third in the middle of a replay. Prints the heap after each
 * tenth, and fails if anything is left or the heap has grown.
 */

const CLIENTS = Number(process.argv[2] ?? 100_000)
const ENTRIES = 2_000
const MAX_GROWTH = 0.05

const log = memoryLog({ capacity: ENTRIES })
const { id: origin } = await log.head()
const access = ({ url }: { url: URL }) =>
  url.searchParams.has('wait') ? new Promise<never>(() => {}) : ({ allow: true } as const)
const sinks = [true, false].map((takeover) => createSink({ log, access, takeover, heartbeat: false }))
const answers = streamTo(
  ({ url }) => (url.searchParams.has('wait') ? NEVER : timer(0, 5).pipe(map((n) => ({ data: n })))),
  { head: 'first-event' },
)
const endpoints: readonly StreamEndpoint[] = [...sinks, answers]
for (let n = 0; n < ENTRIES; n++) sinks[0]?.next({ data: 'x'.repeat(n % 100 === 0 ? 32_768 : 150) })

const server = createServer((request, response) => {
  endpoints[Number(request.url?.charAt(1))]?.handler(request, response)
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const clients = fork(new URL('./clients.js', import.meta.url))

clients.once('exit', (code) => {
  if (code !== null) process.exit(1)
})

const heap: number[] = []
let left = 0
for (let part = 0; part < 10; part++) {
  const cpu = process.cpuUsage()
  const order: ChurnOrder = {
    port,
    count: Math.ceil(CLIENTS / 10),
    requests: endpoints.flatMap((_, n) => [[`/${n}?wait`], [`/${n}`, origin], [`/${n}`]] as const),
  }
  clients.send(order)
  await once(clients, 'message')
  left = await waitUntilIdle()
  for (let n = 0; n < 3; n++) {
    globalThis.gc?.()
    await sleep(20)
  }
  heap.push(process.memoryUsage().heapUsed)
  const { user, system } = process.cpuUsage(cpu)
  console.log(
    `${(part + 1) * order.count} clients: heap ${(Number(heap.at(-1)) / 2 ** 20).toFixed(2)} MiB, ${left} left, ${((user + system) / 1e6).toFixed(1)} s of CPU`,
  )
  if (left > 0) break
}
// The first parts warm up the compiler and its feedback.
const growth = Number(heap.at(-1)) / Number(heap[2]) - 1
console.log(`the heap grew by ${(growth * 100).toFixed(1)} % since the third part`)
if (left > 0 || !(growth <= MAX_GROWTH)) process.exitCode = 1
clients.kill()
await Promise.all(endpoints.map((endpoint) => endpoint.close()))
server.close()

/** The number of connections and requests that are left after ten seconds, 0 if none is. */
async function waitUntilIdle(): Promise<number> {
  let open = 0
  for (let n = 0; n < 1_000; n++) {
    open = endpoints
      .map((each) => each.stats())
      .reduce((sum, { connections, pending }) => sum + connections + pending, 0)
    if (open === 0) return 0
    await sleep(10)
  }
  return open
}

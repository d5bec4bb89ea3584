import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSink, memoryLog, sqliteLog } from '@rxsse/server'

/*
 * Clients that all resume at once: `node --expose-gc dist/server/storm/main.js [memory|sqlite] [clients] [users]`.
 * With `users`, each client is a user of its own, so that no two see the same messages.
 * Prints the peak of memory above idle, the delay of the event loop, and the delay of live events.
 */

const [kind = 'memory', count = '500', audience = 'all'] = process.argv.slice(2)
const ENTRIES = 10_000
const LARGE = 'x'.repeat(32_768)
const SMALL = 'x'.repeat(150)
const SILENT_SHARE = 0.2

const folder = mkdtempSync(join(tmpdir(), 'rxsse-storm-'))
const log =
  kind === 'sqlite'
    ? sqliteLog({ path: join(folder, 'events.db'), capacity: 20_000 })
    : memoryLog({ capacity: 20_000 })
const sink = createSink({
  log,
  heartbeat: false,
  ...(audience === 'users' && { access: ({ url }) => ({ allow: true, user: url.search }) }),
})
const { id: lastEventId } = await log.head()
for (let n = 1; n < ENTRIES; n++) sink.next({ data: `${n} ${n % 100 === 0 ? LARGE : SMALL}` })
sink.next({ data: 'the end' })
const server = createServer(sink.handler).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

const silent = Math.round(Number(count) * SILENT_SHARE)
const program = new URL(import.meta.url.endsWith('.ts') ? './readers.ts' : './readers.js', import.meta.url)
const order = { port, lastEventId, until: 'the end', silent: 0, reading: 0, live: 0 }
const liveReaders = fork(program)
liveReaders.send({ ...order, live: 10 })
await once(liveReaders, 'message')
await sleep(300)
const storm = fork(program)
await once(storm, 'spawn')
await sleep(300)
global.gc?.()
const idle = process.memoryUsage().rss

let peak = idle
let parts = process.memoryUsage()
const turns: number[] = []
const work: number[] = []
let spent = process.threadCpuUsage()
let before = performance.now()
const sampler = setInterval(() => {
  const now = performance.now()
  turns.push(Math.max(0, now - before - 5))
  before = now
  const { user, system } = process.threadCpuUsage(spent)
  spent = process.threadCpuUsage()
  work.push((user + system) / 1_000)
  const memory = process.memoryUsage()
  if (memory.rss <= peak) return
  peak = memory.rss
  parts = memory
}, 5)
const publisher = setInterval(() => {
  sink.next({ data: `live ${performance.timeOrigin + performance.now()}` })
}, 20)
const start = performance.now()
const cpu = process.cpuUsage()
let done = false
storm.on('message', (message) => {
  if (message === 'done') done = true
})
storm.send({ ...order, reading: Number(count) - silent, silent })
while (!done) await sleep(10)
const seconds = (performance.now() - start) / 1_000
const { user, system } = process.cpuUsage(cpu)
clearInterval(sampler)
clearInterval(publisher)
liveReaders.send('delays')
const [{ delays }] = (await once(liveReaders, 'message')) as [{ delays: number[] }]

const toMiB = (bytes: number) => Math.round(bytes / 2 ** 20)
const percentile = (values: number[], share: number) =>
  values.sort((one, other) => one - other)[Math.floor(values.length * share)]?.toFixed(1)
console.log(
  JSON.stringify({
    log: kind,
    audience,
    clients: Number(count),
    silent,
    seconds: Number(seconds.toFixed(1)),
    cpuSeconds: Number(((user + system) / 1e6).toFixed(1)),
    peakAboveIdleMiB: toMiB(peak - idle),
    idleMiB: toMiB(idle),
    heapAtPeakMiB: toMiB(parts.heapTotal),
    buffersAtPeakMiB: toMiB(parts.arrayBuffers),
    turnP50: percentile(turns, 0.5),
    turnP99: percentile(turns, 0.99),
    workP99: percentile(work, 0.99),
    workMax: percentile(work, 1 - 1e-9),
    turnMax: percentile(turns, 1 - 1e-9),
    liveP50: percentile(delays, 0.5),
    liveP99: percentile(delays, 0.99),
    liveMax: percentile(delays, 1 - 1e-9),
  }),
)
storm.kill()
liveReaders.kill()
await sink.close()
server.closeAllConnections()
server.close()
rmSync(folder, { recursive: true, force: true })

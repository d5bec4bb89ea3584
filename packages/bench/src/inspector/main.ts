import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inspect, watchSource } from '@rxsse/inspector'
import { createStage, data } from '@rxsse/operators'
import { createSink } from '@rxsse/server'
import { Subject } from 'rxjs'

/*
 * What the inspector costs: `node dist/inspector/main.js [rounds]`. A sink with 1,000 connections in 100 rooms and ten
 * stages, alternately with nobody and with one person who looks. Prints the processor time a second of each.
 */

const CONNECTIONS = 1_000
const STAGES = 10
const SECONDS = 10
const rounds = Number(process.argv[2] ?? 5)

/** Its clients are in a process of their own, so that their work is not counted. */
async function openConnections(port: number): Promise<void> {
  const sockets: Socket[] = []
  for (let n = 0; n < CONNECTIONS; n++) {
    const socket = connect({ port, host: '127.0.0.1' }).resume()
    await once(socket, 'connect')
    socket.write(`GET /sink?room=room-${n % 100} HTTP/1.1\r\nHost: x\r\n\r\n`)
    sockets.push(socket)
  }
  process.send?.('connected')
  process.on('message', (message) => {
    if (message !== 'look') return
    const viewer = connect({ port, host: '127.0.0.1' }).resume()
    viewer.write('GET / HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n')
    process.once('message', () => viewer.destroy())
  })
}

if (process.send !== undefined) await openConnections(Number(process.argv[2]))
else await measure()

async function measure(): Promise<void> {
  const sink = createSink({ rooms: { authorize: () => true } })
  const source = watchSource()
  source.state.next({ status: 'open', url: 'http://x/' })
  const stages = Array.from({ length: STAGES }, (_, n) => createStage(`stage ${n}`))
  const events = new Subject<{ type: string; data: string; lastEventId: string }>()
  for (const stage of stages) events.pipe(data({ stage })).subscribe()
  const inspector = inspect({ sources: { source }, pipelines: { all: stages }, sinks: { sink } })
  const server = createServer((request, response) =>
    (request.url?.startsWith('/sink') ? sink : inspector).handler(request, response),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const clients = fork(fileURLToPath(import.meta.url), [String(port)])
  await once(clients, 'message')
  const publishing = setInterval(() => events.next({ type: 'message', data: 'x', lastEventId: '' }), 100)

  const unseen: number[] = []
  const seen: number[] = []
  for (let round = 0; round < rounds; round++) {
    unseen.push(await measureCpu())
    clients.send('look')
    await sleep(1_500)
    seen.push(await measureCpu())
    clients.send('stop')
    await sleep(500)
  }
  const [without, looking] = [median(unseen), median(seen)]
  console.log(`nobody looks: ${without.toFixed(2)} ms of processor time a second`)
  console.log(
    `one person looks: ${looking.toFixed(2)} ms, ${((looking - without) / 10).toFixed(2)} % of a core more`,
  )
  clearInterval(publishing)
  clients.kill()
  server.closeAllConnections()
  server.close()
}

/** Processor time in milliseconds a second. */
async function measureCpu(): Promise<number> {
  const before = process.cpuUsage()
  await sleep(SECONDS * 1_000)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000 / SECONDS
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

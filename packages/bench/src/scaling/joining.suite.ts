import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSink, memoryLog, serveSinks } from '@rxsse/server'
import { testCertificate } from '@rxsse/testing'
import { startOtherSide } from '../harness/other-side.ts'
import type { Contender, Suite } from '../harness/suite.ts'
import { priceMessage } from '../server/messages.ts'
import type { Join } from './joiners.ts'

const missed = 20

export const suite: Suite = {
  title: 'Joining',
  description: `What it costs to accept a connection and bring it to its first event, fifty at a time, clients in another process. A resuming client has missed ${missed} events of some 220 bytes; TLS is a full handshake of version 1.3 with a certificate of P-256.`,
  operation: 'connection',
  operations: { full: 4_000, quick: 500, warmUp: 1_000 },
  contenders: [
    joining('@rxsse/server, serveSinks', served),
    joining('resuming from memoryLog', servedWithMissed),
    joining('over TLS, handler', secured),
  ],
}

function joining(name: string, start: () => Promise<string>): Contender {
  return {
    name,
    async prepare() {
      const url = await start()
      const clients = await startOtherSide<'ready', Join, number>(new URL('./joiners.js', import.meta.url))
      return {
        async run(connections) {
          const before = kernelMemory()
          await clients.ask({ url, connections })
          // Both ends are on this machine, and each has a socket.
          return { 'KiB of the kernel': (kernelMemory() - before) / connections / 2 }
        },
        stop: () => clients.stop(),
      }
    },
  }
}

async function served(): Promise<string> {
  const { url } = await serveSinks({ port: 0, sinks: { prices: createSink() } })
  return `${url}/prices`
}

async function servedWithMissed(): Promise<string> {
  const sink = createSink({ log: memoryLog() })
  const { url } = await serveSinks({ port: 0, sinks: { prices: sink } })
  let lastEventId = ''
  for (let n = 0; n <= missed; n++) {
    // Without the message's own id: readers get the log's.
    const { type, data } = priceMessage(n)
    const { id = '' } = await sink.publish({ type, data })
    if (n === 0) lastEventId = id
  }
  return `${url}/prices?lastEventId=${encodeURIComponent(lastEventId)}`
}

async function secured(): Promise<string> {
  const server = createServer(testCertificate, createSink().handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** KiB in the kernel's slabs, where sockets and open files live; not a number where it does not tell. */
function kernelMemory(): number {
  const text = existsSync('/proc/meminfo') ? readFileSync('/proc/meminfo', 'latin1') : ''
  return Number(/^Slab:\s+(\d+) kB/m.exec(text)?.[1] ?? Number.NaN)
}

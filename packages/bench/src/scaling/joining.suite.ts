import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSink, memoryLog, serveSinks } from '@rxsse/server'
import { testCertificate } from '@rxsse/testing'
import { startOtherSide } from '../harness/other-side.ts'
import type { Contender, Suite } from '../harness/suite.ts'
import { createPriceMessage } from '../server/messages.ts'
import type { Join } from './joiners.ts'

const MISSED = 20

export const suite: Suite = {
  title: 'Joining',
  description: `The cost of accepting a connection up to its first event, fifty at a time, with clients in another process. A resuming client has missed ${MISSED} events of about 220 bytes; TLS is a full 1.3 handshake with a P-256 certificate.`,
  operation: 'connection',
  operations: { full: 4_000, quick: 500, warmUp: 1_000 },
  contenders: [
    createJoining('@rxsse/server, serveSinks', serve),
    createJoining('resuming from memoryLog', serveWithMissed),
    createJoining('over TLS, handler', serveSecurely),
  ],
}

function createJoining(name: string, start: () => Promise<string>): Contender {
  return {
    name,
    async prepare() {
      const url = await start()
      const clients = await startOtherSide<'ready', Join, number>(new URL('./joiners.js', import.meta.url))
      return {
        async run(connections) {
          const before = kernelMemory()
          await clients.ask({ url, connections })
          // Both ends have a socket on this machine.
          return { 'KiB of the kernel': (kernelMemory() - before) / connections / 2 }
        },
        stop: () => clients.stop(),
      }
    },
  }
}

async function serve(): Promise<string> {
  const { url } = await serveSinks({ port: 0, sinks: { prices: createSink() } })
  return `${url}/prices`
}

async function serveWithMissed(): Promise<string> {
  const sink = createSink({ log: memoryLog() })
  const { url } = await serveSinks({ port: 0, sinks: { prices: sink } })
  let lastEventId = ''
  for (let n = 0; n <= MISSED; n++) {
    // Without ids of their own: the log sets them.
    const { type, data } = createPriceMessage(n)
    const { id = '' } = await sink.publish({ type, data })
    if (n === 0) lastEventId = id
  }
  return `${url}/prices?lastEventId=${encodeURIComponent(lastEventId)}`
}

async function serveSecurely(): Promise<string> {
  const server = createServer(testCertificate, createSink().handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** KiB in the kernel's slabs, which hold sockets and open files. NaN if the kernel does not report them. */
function kernelMemory(): number {
  const text = existsSync('/proc/meminfo') ? readFileSync('/proc/meminfo', 'latin1') : ''
  return Number(/^Slab:\s+(\d+) kB/m.exec(text)?.[1] ?? Number.NaN)
}

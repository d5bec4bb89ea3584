// Runs a small storm with real processes and compares it with its simulation: node dist/scaling/rehearsal.js [connections]
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { deliveryCost } from './figures.ts'
import { measured } from './measured.ts'
import { seededRandom } from './seeded-random.ts'
import { simulateStorm } from './storm.ts'

const connections = Number(process.argv[2] ?? 4_000)
const told = [
  { delay: 1, jitter: 0 },
  { delay: 0.5, jitter: 1 },
  { delay: 1, jitter: 1 },
]

console.log(`${connections} clients of one of two nodes, which is killed`)
console.log('| told | half are back, for real | simulated | 99 %, for real | simulated |')
console.log('| --- | ---: | ---: | ---: | ---: |')
for (const { delay, jitter } of told) {
  const real = await rehearse(delay, jitter)
  const simulated = simulateStorm(
    {
      survivors: 1,
      connectionsANode: connections,
      delay,
      jitter,
      joining: measured.join.fresh / 1e6,
      delivering: deliveryCost(measured, 1) / 1e6,
      tick: 1,
      backlog: 511,
      evenResends: 4,
      connectTimeout: 30,
    },
    seededRandom(1),
  )
  const cells = [0.5, 0.99].flatMap((share) =>
    [real, simulated.back].map((back) => `${back[Math.ceil(back.length * share) - 1]?.toFixed(2)} s`),
  )
  console.log(`| ${delay} to ${delay * (1 + jitter)} s | ${cells.join(' | ')} |`)
}

/** When the clients of the lost node were back at the other one, in seconds after the loss. */
async function rehearse(delay: number, jitter: number): Promise<number[]> {
  const nodes = [await startNode(), await startNode()] as const
  const [dying, surviving] = nodes
  // The other node's own clients.
  for (let left = connections; left > 0; left -= 50) {
    await Promise.all(
      Array.from({ length: Math.min(50, left) }, () =>
        Promise.all([open(dying.url, () => {}), open(surviving.url, () => {})]),
      ),
    )
  }
  const random = seededRandom(1)
  const back: number[] = []
  const done = new Promise<void>((resolve) => {
    const died = performance.now()
    for (let client = 0; client < connections; client++) {
      setTimeout(
        () => {
          open(surviving.url, () => {
            back.push((performance.now() - died) / 1_000)
            if (back.length === connections) resolve()
          })
        },
        delay * (1 + jitter * random()) * 1_000,
      )
    }
  })
  dying.child.kill('SIGKILL')
  await done
  const ended = once(surviving.child, 'exit')
  surviving.child.kill('SIGKILL')
  await ended
  return back.sort((a, b) => a - b)
}

async function startNode(): Promise<{ url: string; child: ChildProcess }> {
  const child = fork(fileURLToPath(new URL('./rehearsal-node.js', import.meta.url)))
  const [url] = await once(child, 'message')
  return { url, child }
}

/** Requests the stream, and resolves with the first byte of the response. */
function open(url: string, opened: () => void): Promise<void> {
  const { hostname, port, pathname } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
    socket.once('data', () => {
      opened()
      resolve()
      socket.resume()
    })
    // Its node was killed.
    socket.on('error', () => {})
  })
}

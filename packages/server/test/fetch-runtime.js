// Runs on Bun and on Deno: the built package behind the runtime's own server. Prints the port, then
// each change of a connection.
import process from 'node:process'
import { createSink, memoryLog } from '../dist/index.js'

const sink = createSink({ log: memoryLog(), heartbeat: false })
sink.connections$.subscribe(({ type }) => console.log(type))

function answer(request) {
  if (new URL(request.url).pathname !== '/publish') return sink.fetch(request)
  return sink.publish({ type: 'price', data: { n: 1 } }).then(({ id }) => new Response(id))
}

const at = { hostname: '127.0.0.1', port: 0 }
if (typeof Bun === 'undefined') {
  Deno.serve({ ...at, onListen: ({ port }) => console.log(`port ${port}`) }, answer)
} else {
  // Bun would end a silent stream after 10 s.
  console.log(`port ${Bun.serve({ ...at, idleTimeout: 0, fetch: answer }).port}`)
}
process.stdin.on('end', () => process.exit()).resume()

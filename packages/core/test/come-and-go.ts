// A process that subscribes and unsubscribes at every moment of a stream's life, and must then end by itself.
import { fetchTransport, fromEventSource, undiciTransport } from '../dist/index.js'

const [url] = process.argv.slice(2) as [string]

for (const transport of [undiciTransport(), fetchTransport()]) {
  for (let milliseconds = 0; milliseconds < 40; milliseconds++) {
    const subscription = fromEventSource(url, {
      transport,
      timeouts: { idle: '1h' },
      reconnect: { initialDelay: 5, minDelay: 1, resetAfter: 0 },
    }).subscribe()
    if (milliseconds === 0) subscription.unsubscribe()
    else setTimeout(() => subscription.unsubscribe(), milliseconds)
  }
}
process.disconnect()

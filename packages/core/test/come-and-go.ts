// A process that subscribes and unsubscribes at every moment of a stream's life, and must then end by itself.
import * as core from '@rxsse/core'

const [url] = process.argv.slice(2) as [string]

// Bun and Deno have no undici.
const transports = ['undiciTransport' in core ? core.undiciTransport() : undefined, core.fetchTransport()]

for (const transport of transports.filter((one) => one !== undefined)) {
  for (let milliseconds = 0; milliseconds < 40; milliseconds++) {
    const subscription = core
      .fromEventSource(url, {
        transport,
        timeouts: { idle: '1h' },
        reconnect: { initialDelay: 5, minDelay: 1, resetAfter: 0 },
      })
      .subscribe()
    if (milliseconds === 0) subscription.unsubscribe()
    else setTimeout(() => subscription.unsubscribe(), milliseconds)
  }
}
process.disconnect()

// Runs on workerd, the runtime of Cloudflare's workers: the built package, bundled. Requests of a
// worker share only a Durable Object, so the sink is in one.
import { createSink, memoryLog } from '../dist/index.js'

export class Prices {
  #sink = createSink({ log: memoryLog(), heartbeat: false })

  async fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/connections') return new Response(`${this.#sink.stats().connections}`)
    if (pathname !== '/publish') return this.#sink.fetch(request)
    const { id } = await this.#sink.publish({ type: 'price', data: { n: 1 } })
    return new Response(id)
  }
}

export default {
  fetch: (request, { PRICES }) => PRICES.get(PRICES.idFromName('all')).fetch(request),
}

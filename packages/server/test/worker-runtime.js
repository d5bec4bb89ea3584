// Run by workerd, which is what Cloudflare's workers run on: the built package, bundled. There, one object holds what several requests
// share, so the sink lives in a Durable Object.
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

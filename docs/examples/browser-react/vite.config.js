import { createSink, memoryLog } from '@rxsse/server'
import { interval, map } from 'rxjs'

// The server of this example is a route of Vite's development server.
const sink = createSink({ log: memoryLog({ capacity: 1_000 }), retry: '1s' })
interval(500)
  .pipe(map((n) => ({ type: 'price', data: { price: 100 + (n % 7) } })))
  .subscribe(sink)
setInterval(() => sink.disconnect('all', { retry: '1s' }), 10_000).unref()

export default {
  server: { port: 8080 },
  plugins: [
    {
      name: 'prices',
      configureServer({ middlewares }) {
        middlewares.use('/prices', sink.handler)
      },
    },
  ],
}

import { createServer, type RequestListener } from 'node:http'
import { answers } from './src/lib/answers.ts'
import { prices } from './src/lib/prices.ts'

process.env.ASTRO_NODE_AUTOSTART = 'disabled'
const { handler: astro } = await import('./dist/server/entry.mjs')

export const streams: Record<string, RequestListener> = {
  '/live': prices().handler,
  '/answer': answers.handler,
}

createServer((request, response) => {
  const path = request.url?.split('?', 1)[0] ?? ''
  const handler = streams[path] ?? astro
  handler(request, response)
}).listen(Number(process.env.PORT ?? 4321))

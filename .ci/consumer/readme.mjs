// Runs the first example of the README against a local feed and reads what it serves.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const MINUTE = 60_000
const TRADES = [0, 1, 2].flatMap((n) =>
  [10, 12, 11].map((price) => ({ symbol: 'A', price: price + n, time: n * MINUTE })),
)

const feed = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(TRADES.map((trade) => `data: ${JSON.stringify(trade)}\n\n`).join(''))
})
const feedPort = await listen(feed)
const free = createServer()
const port = await listen(free)
free.close()

const [, example] = /^```ts\n(.+?)^```$/ms.exec(readFileSync('README.md', 'utf8'))
const program = example
  .replace('https://example.com/trades', `http://127.0.0.1:${feedPort}/trades`)
  .replace('listen(8080)', `listen(${port}, '127.0.0.1')`)
if (!program.includes(feedPort) || !program.includes(port))
  throw new Error('the first example of the README must read https://example.com/trades and listen on 8080')
writeFileSync('example.ts', program)
await import(new URL('example.ts', import.meta.url))

// A request with an unknown id gets the whole log, so it does not matter how much is there yet.
for (let attempt = 0; !/"high":12,"low":10/.test(await readOneSecond()); attempt++) {
  if (attempt === 50) throw new Error('the example of the README does not send the first window')
  await sleep(200)
}
console.log('the first example of the README runs')
process.exit()

async function listen(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

async function readOneSecond() {
  let text = ''
  try {
    const headers = { 'last-event-id': 'before-0' }
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers, signal: AbortSignal.timeout(1000) })
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) text += chunk
  } catch {
    // The server does not listen yet, or the second is over.
  }
  return text
}

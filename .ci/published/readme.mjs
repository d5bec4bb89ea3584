import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const minute = 60_000
const trades = [0, 1, 2].flatMap((n) =>
  [10, 12, 11].map((price) => ({ symbol: 'A', price: price + n, time: n * minute })),
)

/** The first example of the README, pasted into a project of the three packages and rxjs, runs. */
export async function checkReadme(folder) {
  const [, example] = /^```ts\n(.+?)^```$/ms.exec(readFileSync('README.md', 'utf8'))
  const feed = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(trades.map((trade) => `data: ${JSON.stringify(trade)}\n\n`).join(''))
  })
  const feedPort = await listening(feed)
  const free = createServer()
  const port = await listening(free)
  free.close()

  const program = example
    .replace('https://example.com/trades', `http://127.0.0.1:${feedPort}/trades`)
    .replace('listen(8080)', `listen(${port}, '127.0.0.1')`)
  if (!program.includes(feedPort) || !program.includes(port))
    throw new Error(
      'README.md: its first example reads no https://example.com/trades, or serves no port 8080',
    )
  writeFileSync(join(folder, 'example.ts'), program)
  const child = spawn(process.execPath, ['example.ts'], { cwd: folder, stdio: 'inherit' })
  const over = once(child, 'exit')
  try {
    await Promise.race([
      told(`http://127.0.0.1:${port}/`),
      over.then(([status]) => {
        throw new Error(`README.md: its first example ended with status ${status}`)
      }),
    ])
    console.log('installed: the first example of the README runs')
  } finally {
    child.kill()
    await over
    feed.closeAllConnections()
    feed.close()
  }
}

async function listening(server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}

/** Resolves when the endpoint has told what the first minute held. It may have done so already: then it is asked for again. */
async function told(url) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const text = await firstSecond(url)
    if (/"high":12,"low":10/.test(text)) return
    await sleep(200)
  }
  throw new Error('README.md: its first example does not tell what the trades of the first minute were')
}

async function firstSecond(url) {
  let text = ''
  try {
    // The id of another epoch: what comes is all that the log holds.
    const headers = { 'last-event-id': 'before-0' }
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(1000) })
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) text += chunk
  } catch {
    // Not listening yet, or the second is over.
  }
  return text
}

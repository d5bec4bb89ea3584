// Runs the quick start of the README as a newcomer would: block by block, in one file, without a network.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const SECONDS = 1_000

const [quickStart] = readFileSync('README.md', 'utf8').split('\n## Packages\n')
const blocks = Array.from(quickStart.matchAll(/^```ts\n(.+?)^```$/gms), ([, block]) => block)
if (blocks.length !== 3) throw new Error(`the quick start must have three blocks, not ${blocks.length}`)

// Connections to other machines fail. The preloaded module stands for a machine without a network.
writeFileSync(
  'offline.mjs',
  `import net from 'node:net'
const { connect } = net.Socket.prototype
net.Socket.prototype.connect = function (...args) {
  const { host = 'localhost' } = [args[0]].flat()[0]
  if (!/^(localhost|127\\.|::1)/.test(host)) throw new Error('there is no network, but the program connects to ' + host)
  return connect.apply(this, args)
}
`,
)

await runBlocks(1, 5 * SECONDS, async (output) => {
  await output(/^connecting\nopen\n(price \d+ \d+\n)+/)
  console.log('the first block prints events within five seconds')
})
await runBlocks(3, 15 * SECONDS, async (output) => {
  const response = await askServer()
  const numbers = Array.from((await output(/price 9 /)).matchAll(/^price (\d+) /gm), ([, n]) => Number(n))
  if (numbers.some((n, index) => n !== index)) throw new Error(`the prices have gaps: ${numbers}`)
  await output(/^waiting$/m)
  await output(/^\{ prices: \d, average: [\d.]+ \}$/m)
  let served = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    served += chunk
    if (/^event: average\nid: .+\ndata: \{"window"/m.test(served)) break
  }
  console.log('the other blocks add averages and serve them')
})

/** Runs a file with the first blocks until `use` has returned. It gets a function that waits for output. */
async function runBlocks(count, limit, use) {
  writeFileSync('start.mts', blocks.slice(0, count).join('\n'))
  const child = spawn(process.execPath, ['--import', './offline.mjs', 'start.mts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text
  })
  const end = Date.now() + limit
  try {
    await use(async (wanted) => {
      while (!wanted.test(printed)) {
        if (child.exitCode !== null) throw new Error(`the program exited with ${child.exitCode}:\n${printed}`)
        if (Date.now() > end)
          throw new Error(`no ${wanted} within ${limit / SECONDS} s. The program printed:\n${printed}`)
        await sleep(20)
      }
      return printed
    })
  } finally {
    child.kill()
  }
}

/** Asks until the server listens. */
async function askServer() {
  const signal = AbortSignal.timeout(15 * SECONDS)
  for (;;) {
    try {
      return await fetch('http://localhost:8080', { signal })
    } catch (error) {
      if (signal.aborted) throw error
      await sleep(50)
    }
  }
}

// Smoke test: runs the README's demo command. The demo must start, send real events within ten seconds,
// and exit with status 0 on Ctrl-C.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'

const started = Date.now()
// npx itself ends by the signal, which hides the demo's status. So this asks npx for its pnpm and calls that.
const pnpm = execFileSync('npx', ['-y', '-p', 'pnpm@12', '-c', 'command -v pnpm'], {
  encoding: 'utf8',
}).trim()
const demo = spawn(pnpm, ['demo', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  detached: true,
  env: { ...process.env, PATH: `${dirname(pnpm)}:${process.env.PATH}` },
})
const exited = once(demo, 'exit')
const deadline = setTimeout(() => {
  process.kill(-demo.pid, 'SIGKILL')
  throw new Error('the demo took longer than two minutes')
}, 120_000)

const page = await new Promise((resolve, reject) => {
  let output = ''
  demo.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
    const ready = /ready (http:\S+)/.exec(output)
    if (ready) resolve(ready[1])
  })
  exited.then(() => reject(new Error(`the demo ended before it was ready:\n${output}`)))
})
console.log(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s at ${page}`)

const response = await fetch(new URL('sse?event_type=quakes', page), { signal: AbortSignal.timeout(10_000) })
let stream = ''
for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  stream += text
  if (/^data: \{.*"window".*"strongest".*\}$/m.test(stream)) break
}
console.log(stream.trimEnd().split('\n').slice(-4).join('\n'))

// As in a terminal, the signal goes to every process of the group.
process.kill(-demo.pid, 'SIGINT')
const [status, signal] = await exited
clearTimeout(deadline)
if (status !== 0) throw new Error(`expected the demo to exit with status 0, got ${signal ?? status}`)
console.log('exited with status 0')

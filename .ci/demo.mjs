// Runs the README's demo command as a newcomer would: it must be ready, send real events within ten seconds, and end by Ctrl-C with status 0.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'

const started = Date.now()
// npx passes Ctrl-C on but ends by the signal itself, which would hide the demo's status: ask it for its pnpm, and call that.
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
  throw new Error('the demo was not done within two minutes')
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

const response = await fetch(new URL('sse/quakes', page), { signal: AbortSignal.timeout(10_000) })
let stream = ''
for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
  stream += text
  if (/^data: \{.*"window".*"strongest".*\}$/m.test(stream)) break
}
console.log(stream.trimEnd().split('\n').slice(-4).join('\n'))

// As a terminal does it: the signal goes to every process of the group.
process.kill(-demo.pid, 'SIGINT')
const [status, signal] = await exited
clearTimeout(deadline)
if (status !== 0) throw new Error(`expected the demo to end by itself with status 0, got ${signal ?? status}`)
console.log('ended by itself with status 0')

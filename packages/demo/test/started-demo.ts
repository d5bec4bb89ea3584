import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** The demo as a process, the way the README starts it. */
export interface StartedDemo extends AsyncDisposable {
  readonly url: string
  /** Of the feed it started, if it did. */
  readonly feedPid: number | undefined
  /** Resolves when it has ended. */
  readonly ended: Promise<Ended>
  signal(name: NodeJS.Signals): void
}

export interface Ended {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** Runs the demo to its end. */
export function runDemo(...args: string[]): Promise<Ended> {
  return launch(args).ended
}

/** Starts the demo on a free port and waits until it says that it is ready. */
export async function startDemo(...args: string[]): Promise<StartedDemo> {
  const { child, ended } = launch(['--port', '0', ...args])
  const { url, feedPid } = await new Promise<Pick<StartedDemo, 'url' | 'feedPid'>>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      const ready = /ready (http:\S+)\n(?:.*process (\d+))?.*\n/.exec(text)
      if (ready?.[1] !== undefined)
        resolve({ url: ready[1], feedPid: ready[2] === undefined ? undefined : Number(ready[2]) })
    })
    ended.then(({ output, errors }) =>
      reject(new Error(`the demo ended before it was ready:\n${output}${errors}`)),
    )
  })
  return {
    url,
    feedPid,
    ended,
    signal: (name) => child.kill(name),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function launch(args: string[]) {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    errors += chunk
  })
  const ended = once(child, 'close').then(([status]): Ended => ({ status, output, errors }))
  return { child, ended }
}

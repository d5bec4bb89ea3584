import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** The demo as a process, started as the README does. */
export interface StartedDemo extends AsyncDisposable {
  readonly url: string
  /** The process id of its feed, if it has one. */
  readonly feedPid: number | undefined
  /** The nodes that it started. */
  readonly otherNodes: readonly { readonly url: string; readonly pid: number }[]
  /** Resolves when it has exited. */
  readonly ended: Promise<Ended>
  signal(name: NodeJS.Signals): void
}

export interface Ended {
  readonly status: number | null
  readonly output: string
  readonly errors: string
}

/** Runs the demo until it exits. */
export function runDemo(...args: string[]): Promise<Ended> {
  return launch(args).ended
}

/** Starts the demo on a free port and waits until it is ready. */
export async function startDemo(...args: string[]): Promise<StartedDemo> {
  const { child, ended } = launch(['--port', '0', ...args])
  const { url, feedPid, otherNodes } = await new Promise<Pick<StartedDemo, 'url' | 'feedPid' | 'otherNodes'>>(
    (resolve, reject) => {
      let text = ''
      child.stdout.on('data', (chunk) => {
        text += chunk
        const ready = /ready (http:\S+)\n(.*)\n/.exec(text)
        if (ready?.[1] === undefined || ready[2] === undefined) return
        const feed = /The feed is process (\d+)/.exec(ready[2])
        resolve({
          url: ready[1],
          feedPid: feed === null ? undefined : Number(feed[1]),
          otherNodes: Array.from(
            ready[2].matchAll(/Node \d+ is (http:\S+), process (\d+)/g),
            ([, url = '', pid]) => ({ url, pid: Number(pid) }),
          ),
        })
      })
      ended.then(({ output, errors }) =>
        reject(new Error(`the demo ended before it was ready:\n${output}${errors}`)),
      )
    },
  )
  return {
    url,
    feedPid,
    otherNodes,
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

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/** The demo as a process, started as the README does. */
export interface StartedDemo extends AsyncDisposable {
  readonly url: string
  /** The process ids that the demo has printed last, by name, such as `The feed`. */
  readonly processes: ReadonlyMap<string, number>
  /** Resolves when it has exited. */
  readonly ended: Promise<Ended>
  signal(name: NodeJS.Signals): void
  /** Kills a process. Resolves when the demo has printed the id of the next one. */
  killProcess(name: string): Promise<void>
  /** The page of the node with this number. */
  nodeUrl(number: number): string
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
  const { child, ended, output } = launch(['--port', '0', ...args])
  const until = async (isDone: () => boolean): Promise<void> => {
    while (!isDone()) {
      const isOver = await Promise.race([
        once(child.stdout, 'data').then(() => false),
        ended.then(() => true),
      ])
      if (isOver) throw new Error(`the demo ended:\n${output.text}`)
    }
  }
  const readProcesses = () =>
    new Map(
      Array.from(output.text.matchAll(/(\S+ \S+) is process (\d+)/g), ([, name = '', pid]) => [
        name,
        Number(pid),
      ]),
    )

  await until(() => /Ctrl-C stops it/.test(output.text))
  return {
    url: /ready (http:\S+)/.exec(output.text)?.[1] ?? '',
    get processes() {
      return readProcesses()
    },
    ended,
    signal: (name) => child.kill(name),
    async killProcess(name) {
      const pid = readProcesses().get(name)
      if (pid === undefined) throw new Error(`the demo has not printed the id of ${name}:\n${output.text}`)
      process.kill(pid, 'SIGKILL')
      await until(() => readProcesses().get(name) !== pid)
    },
    nodeUrl(number) {
      const port = new RegExp(`Node ${number} is process \\d+ on port (\\d+)`).exec(output.text)?.[1]
      return `http://localhost:${port}`
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function launch(args: string[]) {
  const child = spawn(process.execPath, [entry, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { text: '' }
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output.text += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    errors += chunk
  })
  const ended = once(child, 'close').then(([status]): Ended => ({ status, output: output.text, errors }))
  return { child, ended, output }
}

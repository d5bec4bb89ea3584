import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { testCertificate } from '@rxsse/testing'
import { compare, expectationsOf, handedOn } from './printed.ts'
import type { Program } from './programs.ts'
import type { Curl } from './read-page.ts'
import { createWorld, type World } from './world.ts'

/** How a program went. */
export interface Run {
  /** What is wrong with it; nothing, where all is as the page says. */
  readonly failures: readonly string[]
  /** What the console printed, in order. */
  readonly printed: readonly string[]
  readonly signOfLife: string
}

const preload = fileURLToPath(new URL('./preload.mjs', import.meta.url))

/** What a hanging program may take. On a machine with other work, a start takes seconds. */
const limit = 60_000
/** A program is ended this long after it showed all the life it has to, so that what it breaks on the way shows. */
const grace = 150

/**
 * Runs a program in a process of its own, with the endpoints of its page around it, until it exits, or has shown life: it printed
 * what its comments say; what it listens on answered the page's curl lines, or a GET; or a feed was read.
 */
export async function runProgram(program: Program, file: string, redis?: number): Promise<Run> {
  await using world = await createWorld(program.page)
  const cwd = await mkdtemp(join(tmpdir(), 'rxsse-page-'))
  const child = start(program, file, cwd, world, redis)
  try {
    return await watch(child, program, world)
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await rm(cwd, { recursive: true })
  }
}

function start(
  program: Program,
  file: string,
  cwd: string,
  world: World,
  redis: number | undefined,
): ChildProcess {
  const source = program.compiled ? file.replace(/compiled\/checked\/(.*)js$/, 'checked/$1ts') : file
  const page = JSON.stringify({
    program: pathToFileURL(source).href,
    ...world.ports,
    redis,
    ca: testCertificate.cert,
  })
  return spawn(
    process.execPath,
    [
      ...(program.compiled ? ['--enable-source-maps'] : []),
      '--disable-warning=ExperimentalWarning',
      '--unhandled-rejections=strict',
      '--import',
      preload,
      file,
    ],
    {
      cwd,
      env: {
        PATH: process.env.PATH,
        RXSSE_PAGE: page,
        ...program.page.env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  )
}

async function watch(child: ChildProcess, program: Program, world: World): Promise<Run> {
  const code = program.runnable ?? ''
  const references = handedOn(code)
  const expectations = expectationsOf(code).map((expectation) => ({ ...expectation, got: [] as string[] }))
  const printed: string[] = []
  const answers: string[] = []
  const failures: string[] = []
  const wake = { up: () => {} }
  let asking = 0
  let errors = ''

  createInterface({ input: child.stdio[3] as Readable }).on('line', (text) => {
    const told: { line: number; text: string } | { wanted: number; port: number } = JSON.parse(text)
    if ('port' in told) {
      // A port that the program did not ask for by its number is its own affair: a server of a test, say.
      if (told.wanted === 0) return
      asking++
      void visit(told, program.page.curls, world.visit)
        .then(
          (answer) => answer !== undefined && answers.push(answer),
          (error: Error) => failures.push(error.message),
        )
        .finally(() => {
          asking--
          wake.up()
        })
    } else {
      printed.push(told.text)
      const line = told.line || references[0]
      expectations.find((expectation) => expectation.line === line)?.got.push(told.text)
    }
    wake.up()
  })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
    wake.up()
  })
  const exited = once(child, 'close').then(([status]) => status as number | null)
  const gone = { status: undefined as number | null | undefined }
  void exited.then((status) => {
    gone.status = status
    wake.up()
  })

  const until = Date.now() + limit
  const signOfLife = (): string | undefined => {
    if (gone.status !== undefined) return 'it ran to its end'
    if (failures.length > 0 || expectations.some(({ text, got }) => compare(text, got) === 'different'))
      return 'wrong'
    if (asking > 0) return undefined
    if (expectations.length > 0)
      return expectations.every(({ text, got }) => compare(text, got) === 'all')
        ? 'it printed what it says'
        : undefined
    if (answers.length > 0) return answers.join(', ')
    if (printed.length > 0) return `it printed ${printed[0]}`
    return world.answered > 0 ? 'it read a feed' : undefined
  }
  let life: string | undefined
  while (life === undefined && Date.now() < until) {
    const sleep = Promise.withResolvers<void>()
    wake.up = sleep.resolve
    life = signOfLife()
    if (life !== undefined) break
    const timer = setTimeout(sleep.resolve, until - Date.now())
    await sleep.promise
    clearTimeout(timer)
  }
  if (gone.status === undefined) await Promise.race([exited, new Promise((r) => setTimeout(r, grace))])

  if (gone.status !== undefined && gone.status !== 0) failures.push(`it exited with ${gone.status}`, output)
  if (errors !== '') failures.push(errors.trimEnd())
  for (const request of new Set(world.unknown))
    failures.push(`nothing says what ${request} answers: write a feed comment`)
  for (const { line, text, got } of expectations)
    if (compare(text, got) !== 'all')
      failures.push(
        `line ${line} says it prints\n  ${text}\nand printed\n  ${got.join(' ').replace(/\s+/g, ' ')}`,
      )
  if (life === undefined) failures.push(`it showed no life in ${limit / 1000} seconds`)
  return { failures, printed, signOfLife: life ?? 'none' }
}

/** Asks what listens as the page's curl lines do, all at once, or for its root. Rejects where an answer is not what the page says. */
async function visit(
  { wanted, port }: { wanted: number; port: number },
  curls: readonly Curl[],
  onHead: () => void,
): Promise<string | undefined> {
  const lines = curls.filter(({ url }) => Number(url.port || 80) === wanted)
  if (lines.length === 0) {
    // Nothing is promised here: what listens may be no HTTP server, or gone.
    const status = await ask(port, root, onHead).catch(() => undefined)
    return status === undefined ? undefined : `port ${wanted} answered ${status}`
  }
  const waiting = new Set(lines)
  await Promise.all(
    lines.map((line) =>
      ask(port, line, () => {
        waiting.delete(line)
        if (waiting.size === 0) onHead()
      }),
    ),
  )
  return `port ${wanted} answered ${lines.length} curl lines`
}

const root = {
  line: 0,
  url: new URL('http://localhost/'),
  method: 'GET',
  headers: {},
  body: undefined,
  prints: '',
}

async function ask(port: number, curl: Curl, onHead: () => void): Promise<number> {
  const { line, url, method, headers, body, prints } = curl
  const leave = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}${url.pathname}${url.search}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.any([leave.signal, AbortSignal.timeout(limit)]),
  })
  if (line > 0 && response.status >= 400)
    throw new Error(`the curl of line ${line} is answered ${response.status}: ${await response.text()}`)
  let text = ''
  const decoder = new TextDecoder()
  onHead()
  try {
    for await (const chunk of response.body ?? []) {
      // Comments of the stream come when they come.
      text = (text + decoder.decode(chunk, { stream: true })).replace(/^:.*\n/gm, '')
      if (prints === '' || compare(`… ${prints} …`, [text]) === 'all') return response.status
    }
  } catch (cause) {
    throw new Error(`the curl of line ${line} says it prints\n  ${prints}\nand printed\n  ${text}`, { cause })
  } finally {
    leave.abort()
  }
  if (prints !== '')
    throw new Error(`the curl of line ${line} says it prints\n  ${prints}\nand printed\n  ${text}`)
  return response.status
}

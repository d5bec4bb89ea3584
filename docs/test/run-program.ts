import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { testCertificate } from '@rxsse/testing'
import { askAsCurl } from './ask-as-curl.ts'
import { compare, findConsoleReferences, parseExpectations } from './printed.ts'
import type { Program } from './programs.ts'
import { createWorld, type World } from './world.ts'

/** The result of a program. */
export interface Run {
  /** The differences from the page, empty if the program passed. */
  readonly failures: readonly string[]
  /** The console output in order. */
  readonly printed: readonly string[]
  readonly signOfLife: string
}

const PRELOAD = fileURLToPath(new URL('./preload.mjs', import.meta.url))

/** The time limit of a program in milliseconds. On a busy machine even the start takes seconds. */
const TIME_LIMIT = 60_000
/** Milliseconds that a passed program keeps running, so that late errors are noticed. */
const GRACE_MS = 150

/**
 * Runs a program in a new process with the endpoints of its page. It runs until it exits or has done its job: it printed
 * the expected output, its server answered the page's curl lines or a GET, or it read a feed.
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
      PRELOAD,
      file,
    ],
    {
      cwd,
      env: {
        PATH: process.env.PATH,
        // Most of a program's start goes into compiling its modules.
        NODE_COMPILE_CACHE: fileURLToPath(new URL('../.results/compile-cache', import.meta.url)),
        RXSSE_PAGE: page,
        ...program.page.env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  )
}

async function watch(child: ChildProcess, program: Program, world: World): Promise<Run> {
  const code = program.runnable ?? ''
  const references = findConsoleReferences(code)
  const expectations = parseExpectations(code).map((expectation) => ({ ...expectation, got: [] as string[] }))
  const printed: string[] = []
  const answers: string[] = []
  const failures: string[] = []
  const wake = { up: () => {} }
  let asking = 0
  let errors = ''

  createInterface({ input: child.stdio[3] as Readable }).on('line', (text) => {
    const told: { line: number; text: string } | { wanted: number; port: number } = JSON.parse(text)
    if ('port' in told) {
      // A server on any free port is the program's own, such as that of a test.
      if (told.wanted === 0) return
      asking++
      void askAsCurl(told, program.page.curls, { limit: TIME_LIMIT, onHead: world.visit })
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

  const until = Date.now() + TIME_LIMIT
  const signOfLife = (): string | undefined => {
    if (gone.status !== undefined) return 'it exited'
    if (failures.length > 0 || expectations.some(({ text, got }) => compare(text, got) === 'different'))
      return 'wrong'
    if (asking > 0) return undefined
    if (expectations.length > 0)
      return expectations.every(({ text, got }) => compare(text, got) === 'all')
        ? 'it printed the expected output'
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
  if (gone.status === undefined) await Promise.race([exited, new Promise((r) => setTimeout(r, GRACE_MS))])

  if (gone.status !== undefined && gone.status !== 0) failures.push(`it exited with ${gone.status}`, output)
  if (errors !== '') failures.push(errors.trimEnd())
  for (const request of new Set(world.unknown)) failures.push(`${request} has no feed: add a feed comment`)
  for (const { line, text, got } of expectations)
    if (compare(text, got) !== 'all')
      failures.push(
        `line ${line} should print\n  ${text}\nbut printed\n  ${got.join(' ').replace(/\s+/g, ' ')}`,
      )
  if (life === undefined) failures.push(`it did nothing within ${TIME_LIMIT / 1000} seconds`)
  return { failures, printed, signOfLife: life ?? 'none' }
}

import { once } from 'node:events'
import { type DemoOptions, HELP, parseOptions } from './command-line/options.ts'
import { createTerminal } from './command-line/terminal.ts'
import { type Demo, startDemo } from './demo/start-demo.ts'

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(HELP)
  else await run(options)
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}

async function run(options: DemoOptions): Promise<void> {
  const terminal = createTerminal(process.stdout)
  const demo = await startDemo(options, (error) => terminal.end(`  Redis: ${messageOf(error)}`))
  terminal.end(`\n  rxsse is ready ${demo.url}\n  ${describeProcesses(demo, options)}Ctrl-C stops it.\n`)
  const told = new Set(listPids(demo))
  const drawing = setInterval(() => {
    const processes = describeProcesses(demo, options)
    // A process that was killed has a new id, which the user needs to kill it again.
    const restarted = listPids(demo).filter((pid) => !told.has(pid))
    if (restarted.length > 0) terminal.end(`  ${processes}`)
    for (const pid of restarted) told.add(pid)
    terminal.show(demo.status(), processes)
  }, 500)

  // The signal can come more than once: each process that wraps this one may forward it.
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  clearInterval(drawing)
  terminal.end('  Telling clients when to come back.')
  await demo.close()
}

function listPids({ feedPid, otherNodes }: Demo): number[] {
  return [feedPid, ...otherNodes.map(({ pid }) => pid)].filter((pid) => pid !== undefined)
}

/** Lists the processes that the user may kill. */
function describeProcesses({ feedPid, otherNodes }: Demo, { source }: DemoOptions): string {
  const feed = source === undefined ? `The feed is process ${feedPid ?? '(starting)'}. ` : ''
  const nodes = otherNodes.map(
    ({ url, pid }, index) => `Node ${index + 2} is ${url}, process ${pid ?? '(starting)'}. `,
  )
  return [feed, ...nodes].join('')
}

function explain(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `rxsse: port ${error.port} is taken; choose another with --port N, or --port 0 for any free one`
  }
  return `rxsse: ${messageOf(error)}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

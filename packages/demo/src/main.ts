import { once } from 'node:events'
import { type Demo, startDemo } from './demo.ts'
import { type DemoOptions, HELP, parseOptions } from './options.ts'
import { liveSummary } from './terminal.ts'

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) process.stdout.write(HELP)
  else await run(options)
} catch (error) {
  console.error(explain(error))
  process.exitCode = 1
}

async function run(options: DemoOptions): Promise<void> {
  const terminal = liveSummary(process.stdout)
  const demo = await startDemo(options, (error) => terminal.end(`  Redis: ${messageOf(error)}`))
  terminal.end(`\n  rxsse is ready ${demo.url}\n  ${processes(demo, options)}Ctrl-C ends it.\n`)
  const drawing = setInterval(() => terminal.show(demo.status(), processes(demo, options)), 500)

  // Every wrapper of a terminal's process group may pass the signal on, so it can come more than once.
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  clearInterval(drawing)
  terminal.end('  Telling clients when to come back.')
  await demo.close()
}

/** The processes to kill, for whoever wants to see what happens. */
function processes({ feedPid, otherNodes }: Demo, { source }: DemoOptions): string {
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

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
  const demo = await startDemo(options)
  const terminal = liveSummary(process.stdout)
  terminal.end(`\n  rxsse is ready ${demo.url}\n  ${feedLine(demo, options)}Ctrl-C ends it.\n`)
  const drawing = setInterval(() => terminal.show(demo.status(), feedLine(demo, options)), 500)

  // Every wrapper of a terminal's process group may pass the signal on, so it can come more than once.
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  clearInterval(drawing)
  terminal.end('  Telling clients when to come back.')
  await demo.close()
}

function feedLine({ feedPid }: Demo, { source }: DemoOptions): string {
  return source === undefined ? `The feed is process ${feedPid ?? '(starting)'}. ` : ''
}

function explain(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `rxsse: port ${error.port} is taken; choose another with --port N, or --port 0 for any free one`
  }
  return `rxsse: ${error instanceof Error ? error.message : String(error)}`
}

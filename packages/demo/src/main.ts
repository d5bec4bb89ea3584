import { once } from 'node:events'
import { combineLatest, interval } from 'rxjs'
import { type DemoOptions, HELP, parseOptions } from './command-line/options.ts'
import { createTerminal } from './command-line/terminal.ts'
import { startDemo } from './demo/start-demo.ts'
import type { RunningProcess } from './process/child.ts'

const REDRAW_MS = 500

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
  const demo = await startDemo(options)
  terminal.end(`\n  rxsse is ready ${demo.url}\n  ${describe(demo.processes)} Ctrl-C stops it.\n`)
  const told = new Set(demo.processes.map(({ pid }) => pid))
  const drawing = combineLatest([demo.status, interval(REDRAW_MS)]).subscribe(([status]) =>
    terminal.show(status, describe(demo.processes)),
  )
  drawing.add(
    interval(REDRAW_MS).subscribe(() => {
      // A process that was killed has a new id, which the user needs to kill it again.
      const started = demo.processes.filter(({ pid }) => pid !== undefined && !told.has(pid))
      if (started.length > 0) terminal.end(`  ${describe(started)}`)
      for (const { pid } of started) told.add(pid)
    }),
  )

  // The signal can come more than once: each process that wraps this one may forward it.
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  drawing.unsubscribe()
  terminal.end('  Telling clients when to come back.')
  await demo.close()
}

/** Such as `The feed is process 12. Node 1 is process 13 on port 8080.` */
function describe(processes: readonly RunningProcess[]): string {
  return processes
    .map(({ name, port, pid }) => {
      const place = name.startsWith('Node') ? ` on port ${port}` : ''
      return `${name} is process ${pid ?? '(starting)'}${place}.`
    })
    .join(' ')
}

function explain(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `rxsse: port ${error.port} is taken; choose another with --port N, or --port 0 for any free one`
  }
  return `rxsse: ${error instanceof Error ? error.message : String(error)}`
}

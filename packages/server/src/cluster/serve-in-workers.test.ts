import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { CHILD_ENV } from '../../test/child-env.ts'

it('rejects at once if the port is in use, and starts at another', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { stdout, stderr } = await run(`
    if (cluster.isPrimary)
      await serveSinks({ workers: 1, port: ${port}, sinks }).catch(({ code }) => console.log(code))
    const server = await serveSinks({ workers: 1, port: 0, sinks })
    if (cluster.isPrimary) await server.close()
  `)
  other.close()
  expect(stderr).toBe('')
  expect(stdout).toBe('EADDRINUSE\n')
})

it('refuses a second call while workers serve, and takes one after they were closed', async () => {
  const { stdout, stderr } = await run(`
    const server = await serveSinks({ workers: 1, port: 0, sinks })
    if (cluster.isPrimary) {
      await serveSinks({ workers: 1, port: 0, sinks }).catch(({ message }) => console.log(message))
      await server.close()
      const next = await serveSinks({ workers: 1, port: 0, sinks })
      console.log((await fetch(next.url + '/events', { method: 'HEAD' })).status)
      await next.close()
    }
  `)
  expect(stderr).toBe('')
  expect(stdout).toBe(
    'serveSinks: workers serve already; give all sinks to one call, or close it before\n200\n',
  )
})

it('gives the workers the time for running answers before it kills them', async () => {
  const { stdout, stderr } = await run(`
    const scheduler = new ManualScheduler()
    sinks.events.close = () => new Promise(() => {})
    const server = await serveSinks({ workers: 1, port: 0, sinks, scheduler })
    if (cluster.isPrimary) {
      const [{ process: worker }] = Object.values(cluster.workers)
      server.close({ finish: '10m', drain: '5s' })
      scheduler.advance(600_000 + 5_000 + 4_999)
      console.log(worker.killed)
      scheduler.advance(1)
      console.log(worker.killed)
      worker.on('exit', () => process.exit())
    }
  `)
  expect(stderr).toBe('')
  expect(stdout).toBe('false\ntrue\n')
})

it('closes after a close with an option that is wrong', async () => {
  const { stdout, stderr } = await run(`
    const server = await serveSinks({ workers: 1, port: 0, sinks })
    if (cluster.isPrimary) {
      try { server.close({ drain: 'soon' }) } catch ({ message }) { console.log(message.startsWith('close: drain must be')) }
      await server.close()
    }
  `)
  expect(stderr).toBe('')
  expect(stdout).toBe('true\n')
})

it('leaves the port of its own workers out of a program that one of them starts', async () => {
  const { stdout, stderr } = await run(`
    process.env.RXSSE_CLUSTER_PORT = '1'
    const server = await serveSinks({ workers: 0, port: 0, sinks })
    console.log(server.port > 1)
    await server.close()
  `)
  expect(stderr).toBe('')
  expect(stdout).toBe('true\n')
})

/** Runs a program to its end, in the primary and its workers. */
async function run(program: string): Promise<{ stdout: string; stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-workers-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'program.mjs')
  writeFileSync(
    path,
    `
    import cluster from 'node:cluster'
    import { serveSinks } from '${new URL('../adapter/serve-sinks.ts', import.meta.url)}'
    import { createSink } from '${new URL('../sink/sink.ts', import.meta.url)}'
    import { ManualScheduler } from '${new URL('../../test/manual-scheduler.ts', import.meta.url)}'
    const sinks = { events: { ...createSink() } }
    ${program}
    `,
  )
  return promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', path], {
    env: CHILD_ENV,
  })
}

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fromEventSource } from '@rxsse/core'
import { firstValueFrom, take, toArray } from 'rxjs'
import { expect, it } from 'vitest'
import { runDemo, startDemo } from '../test/started-demo.ts'

it('--help lists the flags and exits with status 0', async () => {
  const { status, output, errors } = await runDemo('--help')
  expect({ status, errors }).toEqual({ status: 0, errors: '' })
  for (const flag of ['--port', '--speed', '--source', '--by', '--workers', '--redis', '--nodes', '--help'])
    expect(output).toContain(flag)
})

it('prints one line and exits with status 1 for a wrong flag', async () => {
  expect(await runDemo('--speed', 'fast')).toEqual({
    status: 1,
    output: '',
    errors: "rxsse: --speed: expected a number above 0, such as 3600 for an hour a second, got 'fast'\n",
  })
})

it('prints one line and exits with status 1 if the port is taken', async () => {
  const other = createServer().listen(0)
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  expect(await runDemo('--port', String(port))).toEqual({
    status: 1,
    output: '',
    errors: `rxsse: port ${port} is taken; choose another with --port N, or --port 0 for any free one\n`,
  })
  other.close()
})

it('serves each kind of result by its event type', async () => {
  await using demo = await startDemo('--speed', '36000')
  const events = (type: string, count: number) =>
    firstValueFrom(
      fromEventSource(`${demo.url}/sse?event_type=${type}`, { events: [type] }).pipe(take(count), toArray()),
    )
  const [quakes, prices, moves, alerts] = await Promise.all([
    events('quakes', 5),
    events('price', 5),
    events('move', 2),
    events('alert', 1),
  ])
  for (const { data } of quakes) {
    const { window, strongest } = JSON.parse(data)
    expect(window.end - window.start).toBe(3_600_000)
    expect(window.start % 3_600_000).toBe(0)
    expect(strongest.time).toBeGreaterThanOrEqual(window.start)
    expect(strongest.time).toBeLessThan(window.end)
  }
  for (const { data } of prices) expect(JSON.parse(data).date).toMatch(/^20\d\d-\d\d-\d\d$/)
  for (const { data } of moves) expect(Math.abs(JSON.parse(data).change)).toBeGreaterThan(0.02)
  for (const { data } of alerts) expect(JSON.parse(data).magnitude).toBeGreaterThanOrEqual(4.5)
})

it('on Ctrl-C clients get a retry delay and the process exits with status 0', async () => {
  await using demo = await startDemo()
  const response = await fetch(`${demo.url}/sse`)
  const text = response.text()
  demo.signal('SIGINT')
  demo.signal('SIGINT')
  const [, goodbye] = [...(await text).matchAll(/^retry: (\d+)$/gm)].map(([, delay]) => Number(delay))
  expect(goodbye).toBeGreaterThanOrEqual(1_000)
  expect(goodbye).toBeLessThanOrEqual(2_000)
  expect(await demo.ended).toMatchObject({ status: 0, errors: '' })
})

it("--source counts any endpoint's events by a field of their data", async () => {
  await using feed = await startDemo()
  await using demo = await startDemo('--source', `${feed.url}/sse`, '--by', 'band')
  const sample = await firstValueFrom(fromEventSource(`${demo.url}/sse`, { events: ['sample'] }))
  expect(JSON.parse(sample.data).type).toMatch(/^(quakes|price|move|alert|status|node)$/)
  const count = await firstValueFrom(fromEventSource(`${demo.url}/sse`, { events: ['count'] }))
  const { window, key, count: n } = JSON.parse(count.data)
  expect(window.end - window.start).toBe(5_000)
  expect(key).toMatch(/^(under 1|1 to 2.5|2.5 to 4.5|4.5 and up|\(no band\))$/)
  expect(n).toBeGreaterThan(0)
})

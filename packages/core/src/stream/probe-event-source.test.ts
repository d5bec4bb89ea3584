import { createScriptedServer } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import { lastValueFrom, toArray } from 'rxjs'
import { expect, it } from 'vitest'
import { type ProbeStep, probeEventSource } from '../index.ts'

it('emits its steps, completes with the first event, and closes the connection', async () => {
  await using server = await createScriptedServer([
    { status: 200, body: ['event: a\ndata: 1\n\ndata: 2\n\n', 'HOLD'] },
  ])
  const steps = await lastValueFrom(probeEventSource(server.url).pipe(toArray()))
  expect(steps).toEqual([
    { step: 'constructed' },
    { step: 'connecting', url: server.url },
    { step: 'open', url: server.url },
    { step: 'event', event: { type: 'a', data: '1', lastEventId: '' } },
  ])
  expect(await server.closed(0)).toBe('client')
})

it('takes the options of a source', async () => {
  await using server = await createScriptedServer([
    { status: 200, body: ['data: 1\n\nevent: b\ndata: 2\n\n', 'HOLD'] },
  ])
  const last = await lastValueFrom(probeEventSource(server.url, { events: ['b'], headers: { 'x-a': '1' } }))
  expect(last).toMatchObject({ step: 'event', event: { data: '2' } })
  expect(server.requests[0]?.headers['x-a']).toBe('1')
})

it('errors at once with what is wrong', async () => {
  await using server = await createScriptedServer([{ status: 503, body: ['down'] }])
  await expect(lastValueFrom(probeEventSource(server.url))).rejects.toMatchObject({
    code: 'http-status',
    status: 503,
    body: 'down',
  })
  expect(server.requests).toHaveLength(1)
})

it('errors if the stream ends before an event', async () => {
  await using server = await createScriptedServer([{ status: 200, body: [': nothing\n\n'] }])
  await expect(lastValueFrom(probeEventSource(server.url))).rejects.toMatchObject({
    code: 'network',
    message: 'the stream ended before an event',
  })
})

it('errors if no event comes in time', async () => {
  await using server = await createScriptedServer([{ status: 200, body: ['HOLD'] }])
  const clock = new VirtualClock()
  const steps: ProbeStep['step'][] = []
  const failed = new Promise((resolve) => {
    probeEventSource(server.url, { timeout: '5s', scheduler: clock }).subscribe({
      next: ({ step }) => steps.push(step),
      error: resolve,
    })
  })
  await expect.poll(() => steps).toContain('open')
  clock.advanceBy(5000)
  expect(await failed).toMatchObject({ code: 'idle-timeout', message: 'no event came within 5000 ms' })
  expect(await server.closed(0)).toBe('client')
  expect(clock.timers).toBe(0)
})

import { createResumingFeed, createScriptedServer, type ScriptedServer, type Step } from '@rxsse/testing'
import { VirtualClock } from '@rxsse/testing/virtual-time'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { record } from '../../test/record.ts'
import { transports } from '../../test/transports.ts'
import { createFlowGate, eventsFrom, fromEventSource } from '../index.ts'

describe('a gate', () => {
  it('shuts at its high mark, and opens at its low one', () => {
    const gate = createFlowGate({ high: 3, low: 1 })
    const changes: boolean[] = []
    gate.changes.subscribe((shut) => changes.push(shut))
    gate.acquire(2)
    expect(gate.shut).toBe(false)
    gate.acquire()
    expect(gate.shut).toBe(true)
    gate.release()
    expect(gate.shut).toBe(true)
    gate.release()
    expect(gate.shut).toBe(false)
    expect(changes).toEqual([true, false])
  })

  it('opens at a quarter of its high mark by default', () => {
    const gate = createFlowGate({ high: 8 })
    gate.acquire(8)
    gate.release(5)
    expect(gate.shut).toBe(true)
    gate.release()
    expect(gate.shut).toBe(false)
  })

  it('ignores a release of more than it holds', () => {
    const gate = createFlowGate({ high: 2, low: 0 })
    gate.release(100)
    gate.acquire(2)
    expect(gate.shut).toBe(true)
  })

  it('for any calls, is shut from the high mark until the low one', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 0, max: 5 })
          .chain((low) => fc.tuple(fc.constant(low), fc.integer({ min: low + 1, max: 10 }))),
        fc.array(fc.integer({ min: -4, max: 4 })),
        ([low, high], steps) => {
          const gate = createFlowGate({ high, low })
          const told: boolean[] = []
          gate.changes.subscribe((shut) => told.push(shut))
          let held = 0
          let shut = false
          for (const step of steps) {
            if (step >= 0) gate.acquire(step)
            else gate.release(-step)
            held = Math.max(0, held + step)
            shut = shut ? held > low : held >= high
            expect(gate.shut).toBe(shut)
          }
          expect(told).toEqual(told.map((_, index) => index % 2 === 0))
        },
      ),
    )
  })

  it('refuses a low mark that is not below the high mark', () => {
    expect(() => createFlowGate({ high: 5, low: 5 })).toThrow(
      'a flow gate needs 0 <= low < high, not 5 and 5',
    )
  })
})

/** An endless stream of events of about 1 kB, as fast as they are read. */
function firehose(): Promise<ScriptedServer> {
  const blocks = `data: ${'x'.repeat(1000)}\n\n`.repeat(50)
  return createScriptedServer(() => ({
    status: 200,
    body: (function* (): Generator<Step> {
      for (;;) yield blocks
    })(),
  }))
}

async function settled(read: () => number): Promise<number> {
  let before = -1
  await expect
    .poll(
      () => {
        const same = read() === before
        before = read()
        return same
      },
      { interval: 200 },
    )
    .toBe(true)
  return before
}

describe.each(transports)('over %s, a shut gate', (_, transport) => {
  it('stops the server, and lets it continue once it opens', async () => {
    await using server = await firehose()
    const gate = createFlowGate({ high: 100, low: 10 })
    let events = 0
    const subscription = fromEventSource(server.url, { transport, gate }).subscribe(() => {
      events += 1
      gate.acquire()
    })
    await expect.poll(() => gate.shut).toBe(true)
    const sent = await settled(() => server.requests[0]?.bytesSent ?? -1)
    expect(gate.shut).toBe(true)
    // What was read at once with the event that shut the gate, and what the kernel holds.
    expect(events).toBeLessThan(1000)
    expect(sent).toBeLessThan(60_000_000)

    const before = events
    gate.release(events)
    await expect.poll(() => events).toBeGreaterThan(before)
    subscription.unsubscribe()
    expect(await server.closed(0)).toBe('client')
  })

  it('holds back the first byte if it is shut before the stream opens', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const gate = createFlowGate({ high: 1, low: 0 })
    gate.acquire()
    const stream = record(server.url, { transport, gate })
    await stream.state('open')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(stream.data).toEqual([])
    gate.release()
    await stream.received(1)
    stream.subscription.unsubscribe()
  })

  it('does not prevent unsubscribing', async () => {
    await using server = await firehose()
    const gate = createFlowGate({ high: 1, low: 0 })
    const subscription = fromEventSource(server.url, { transport, gate }).subscribe(() => gate.acquire())
    await expect.poll(() => gate.shut).toBe(true)
    subscription.unsubscribe()
    expect(await server.closed(0)).toBe('client')
  })

  it('that opens and shuts often loses and repeats nothing', async () => {
    await using server = await createResumingFeed({ messages: 3000 })
    const gate = createFlowGate({ high: 7, low: 2 })
    const stream = record(server.url, { transport, gate, reconnect: { initialDelay: 1, minDelay: 1 } })
    let seen = 0
    const drain = setInterval(() => {
      gate.acquire(stream.events.length - seen)
      seen = stream.events.length
      setImmediate(() => gate.release(1e9))
    })
    await stream.over()
    clearInterval(drain)
    expect(stream.data).toEqual(Array.from({ length: 3000 }, (__, index) => `event ${index + 1}`))
  })

  it('stops the idle timeout', async () => {
    await using server = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
    const clock = new VirtualClock()
    const gate = createFlowGate({ high: 1, low: 0 })
    const stream = record(server.url, {
      transport,
      gate,
      scheduler: clock,
      timeouts: { idle: '1s' },
    })
    await stream.received(1)
    gate.acquire()
    clock.advanceBy(60_000)
    expect(stream.statuses).toEqual(['connecting', 'open'])
    gate.release()
    clock.advanceBy(999)
    expect(stream.statuses).toEqual(['connecting', 'open'])
    clock.advanceBy(1)
    await stream.state('waiting')
    stream.subscription.unsubscribe()
  })
})

it.each([...transports, ['bytes in hand', undefined]] as const)(
  'a gate that an observer opens as it shuts holds nothing back over %s',
  async (_, transport) => {
    // What is read after the first events was not on its way already.
    const later = ['b', 'c', 'd'].flatMap((text): Step[] => [{ sleep: 20 }, `data: ${text}\n\n`])
    await using server = await createScriptedServer([
      { status: 200, body: ['data: a\n\n', ...later, 'HOLD'] },
    ])
    const gate = createFlowGate({ high: 1, low: 0 })
    // It opens the gate before the stream hears that it has shut.
    gate.changes.subscribe((shut) => shut && gate.release())
    const events = transport
      ? fromEventSource(server.url, { transport, gate })
      : eventsFrom(await fetch(server.url), { gate })
    const data: string[] = []
    const subscription = events.subscribe((event) => {
      data.push(event.data)
      gate.acquire()
    })
    await expect.poll(() => data).toEqual(['a', 'b', 'c', 'd'])
    subscription.unsubscribe()
  },
)

it('an event of another stream may open a gate', async () => {
  await using held = await firehose()
  await using other = await createScriptedServer([
    { status: 200, body: [{ sleep: 100 }, 'data: go\n\n'.repeat(500), 'HOLD'] },
  ])
  const gate = createFlowGate({ high: 1, low: 0 })
  let events = 0
  const first = fromEventSource(held.url, { gate }).subscribe(() => {
    events += 1
    gate.acquire()
  })
  await expect.poll(() => gate.shut).toBe(true)
  const before = events
  const second = fromEventSource(other.url).subscribe(() => gate.release(1e9))
  await expect.poll(() => events).toBeGreaterThan(before)
  first.unsubscribe()
  second.unsubscribe()
})

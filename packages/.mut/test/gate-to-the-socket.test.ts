import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createFlowGate, fromEventSource } from '@rxsse/core'
import { Subject } from 'rxjs'
import { expect, it } from 'vitest'
import { processWith } from '../src/index.ts'

it('holds the server back over TCP while processWith is busy, and loses nothing', async () => {
  const total = 20_000
  const block = (id: number) => `id: ${id}\ndata: ${'x'.repeat(1000)}\n\n`
  let written = 0
  let sentAll = false
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const fill = () => {
      while (written < total && response.write(block(written++)));
      if (written < total) response.once('drain', fill)
      else {
        sentAll = true
        response.end()
      }
    }
    fill()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  const gate = createFlowGate({ high: 100, low: 20 })
  const handled: number[] = []
  let arrived = 0
  const hold = new Subject<void>()
  const finished = new Promise<void>((resolve, reject) => {
    fromEventSource(`http://127.0.0.1:${port}/`, { gate, reconnect: false })
      .pipe(
        processWith(
          (event) => {
            arrived++
            handled.push(Number(event.lastEventId))
            // The first one waits until it is let go; after that everything is handled at once.
            return arrived === 1 ? hold : []
          },
          { gate },
        ),
      )
      .subscribe({ error: reject, complete: resolve })
  })

  // The server comes to a standstill once the sockets' buffers are full, far from its end.
  for (let still = 0, before = -1; still < 5; still = gate.shut && written === before ? still + 1 : 0) {
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(sentAll).toBe(false)
  expect(gate.shut).toBe(true)
  expect(arrived).toBe(1)

  hold.complete()
  await finished
  expect(handled).toEqual([...Array(total).keys()])
  expect(gate.shut).toBe(false)
  await new Promise((resolve) => server.close(resolve))
}, 120_000)

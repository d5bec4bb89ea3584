import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { openClient } from '../../test/client.ts'
import { eventually, startProgram } from '../../test/cluster-program-control.ts'
import { connectRaw } from '../../test/raw-request.ts'

describe('workers that listen by themselves', () => {
  it('leave no connection unanswered that comes as they are killed, and resume their clients', {
    timeout: 60_000,
  }, async () => {
    await using program = await startProgram({ reusePort: true })
    const clients = await Promise.all(
      Array.from({ length: 10 }, () => openClient(program.url, { lastEventId: program.origin })),
    )
    const unanswered = new Set<number>()
    let opened = 0
    const connecting = setInterval(() => {
      const n = opened++
      unanswered.add(n)
      const socket = connectRaw(program.url, 'HEAD /sse/events HTTP/1.1\r\nHost: x\r\n\r\n')
      for (const event of ['data', 'end', 'close']) socket.once(event, () => unanswered.delete(n))
    }, 10)
    let kills = 0
    for (; kills < 2 || opened <= 20; kills++) {
      await program.publish({ data: kills })
      const [victim = 0] = await program.workers()
      await program.killWorker(victim)
    }
    clearInterval(connecting)
    await eventually(() => unanswered.size === 0 && clients.every(({ events }) => events.length === kills))
    const published = Array.from({ length: kills }, (_, n) => `${n}`)
    for (const client of clients) expect(client.data()).toEqual(published)
  })

  it('do not share the port of another program', async () => {
    const other = createServer().listen({ port: 0, host: '127.0.0.1', reusePort: true })
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(startProgram({ reusePort: true, port })).rejects.toThrow('the program ended')
    other.close()
  })
})

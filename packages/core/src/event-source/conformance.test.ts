import { type HttpClient, httpCases, runHttpCase } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { EventSource } from './event-source.ts'

describe('as the standard says, an EventSource does', () => {
  for (const httpCase of httpCases) {
    it.concurrent(`${httpCase.id}: ${httpCase.title}`, async () => {
      const types = new Set(httpCase.expect.events.map(([, type]) => type)).add('message')
      const client: HttpClient = ({ url, initialDelayMs, ...init }, on) => {
        const reconnect = { initialDelay: initialDelayMs, unsafeMethods: true }
        const source = new EventSource(url, { ...init, reconnect })
        source.onopen = () => on.open()
        source.onerror = () => (source.readyState === EventSource.CLOSED ? on.failed() : on.lost())
        for (const type of types) source.addEventListener(type, (event: MessageEvent) => on.event(event))
        return () => source.close()
      }
      const { failures } = await runHttpCase(httpCase, client, { lateness: 5000 })
      expect(failures).toEqual([])
    })
  }
})

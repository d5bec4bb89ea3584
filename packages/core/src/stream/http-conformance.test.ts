import { type HttpClient, httpCases, runHttpCase } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { transports } from '../../test/transports.ts'
import { fromEventSource, strictDecide, type Transport } from '../index.ts'

/** `fromEventSource` as a client of the conformance runner. */
function clientOver(transport: Transport): HttpClient {
  return ({ url, initialDelayMs, lastEventId, method, headers, body }, on) => {
    const subscription = fromEventSource(url, {
      transport,
      reconnect: { initialDelay: initialDelayMs, decide: strictDecide, unsafeMethods: true },
      state: {
        next(state) {
          if (state.status === 'open') on.open()
          else if (state.status === 'waiting') on.lost()
        },
      },
      ...(lastEventId !== undefined && { lastEventId }),
      ...(method !== undefined && { method }),
      ...(headers !== undefined && { headers }),
      ...(body !== undefined && { body }),
    }).subscribe({ next: (event) => on.event(event), error: () => on.failed(), complete: () => on.failed() })
    return () => subscription.unsubscribe()
  }
}

for (const [name, transport] of transports) {
  describe(`over ${name}, a client that goes by the standard does`, () => {
    for (const httpCase of httpCases) {
      it.concurrent(`${httpCase.id}: ${httpCase.title}`, async () => {
        const { failures } = await runHttpCase(httpCase, clientOver(transport), { lateness: 5000 })
        expect(failures).toEqual([])
      })
    }
  })
}

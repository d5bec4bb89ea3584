import { fromEventSource, type SseEvent, type Transport, type TransportHandler } from '@rxsse/core'
import type { Observable } from 'rxjs'
import { type AnyScenario, type Marble, type Setting, scenario } from '../scenario.ts'

const encoder = new TextEncoder()

const show = (n: number): Marble => ({ text: `${n}`, tone: n === 4 || n === 5 ? 2 : 1 })

/** A server that keeps what it sends and resumes after the last event ID. Its connections can be cut. */
function createServer(source: Observable<number>) {
  const log: number[] = []
  let client: TransportHandler | undefined
  const send = (n: number) => client?.onData(encoder.encode(`id: ${n}\ndata: ${n}\n\n`))
  source.subscribe((n) => {
    log.push(n)
    send(n)
  })
  const transport = ({ scheduler }: Setting): Transport => ({
    open({ url, headers }, handler) {
      scheduler.schedule(() => {
        client = handler
        handler.onResponse({
          status: 200,
          headers: { 'content-type': 'text/event-stream' },
          url: url.href,
        })
        const after = Number(headers['last-event-id'] ?? 0)
        for (const n of log) if (n > after) send(n)
      }, 50)
      return { pause() {}, resume() {}, abort() {} }
    },
  })
  return {
    transport,
    cut() {
      const handler = client
      client = undefined
      handler?.onError('network', new Error('the connection was reset'))
    },
  }
}

export const reconnectScenarios: Readonly<Record<string, AnyScenario>> = {
  reconnect: scenario<number, SseEvent>({
    call: "fromEventSource('/prices')",
    alt: 'A server sends events. The connection is cut after the third one. The client waits, connects again with Last-Event-ID 3, and receives the fourth and the fifth event at once. The Observable emits every event once, in order.',
    until: 9,
    source: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => [n, n]),
    show,
    operate: (source, setting) => {
      const server = createServer(source)
      const state = setting.lane('state', (status: string): Marble => ({ text: status }))
      setting.scheduler.schedule(() => server.cut(), 3_300)
      return fromEventSource('http://localhost/prices', {
        transport: server.transport(setting),
        scheduler: setting.scheduler,
        random: () => 0,
        reconnect: { initialDelay: 1_900 },
        state: {
          next: (now) => {
            if (now.status === 'open') state('open')
            if (now.status === 'waiting') state('waiting')
          },
        },
      })
    },
    showOut: ({ data }) => show(Number(data)),
  }),
}

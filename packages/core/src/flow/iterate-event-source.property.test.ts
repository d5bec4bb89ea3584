import fc from 'fast-check'
import { expect, it } from 'vitest'
import { iterateEventSource, type Transport } from '../index.ts'
import type { TransportHandler } from '../transport/transport.ts'

/** What happens to an iterator. `event` and `block` of an ID come in pieces that are read at once. */
type Operation = 'pull' | 'event' | 'event with ID' | 'ID' | 'end' | 'cut' | 'abort' | 'return'

/** What an iterator must do, as simple as it can be: one list of what waits. */
class Model {
  readonly log: string[] = []
  #waiting: { readonly id?: string; readonly data?: string }[] = []
  #pulls: number[] = []
  /** Set after the events that were handed out, and not told yet. */
  #id: string | undefined
  #pulled = 0
  #over: string | undefined
  /** Whether a pull came after the last event was handed out. */
  #handled = true

  pull(): void {
    this.#handled = true
    this.#pulls.push(this.#pulled++)
    this.#settle()
  }
  event(data: string, id?: string): void {
    if (this.#over) return
    this.#waiting.push({ data }, ...(id === undefined ? [] : [{ id }]))
    this.#settle()
  }
  block(id: string): void {
    if (this.#over) return
    this.#waiting.push({ id })
    this.#settle()
  }
  finish(how: string): void {
    if (this.#over) return
    this.#over = how
    const next = this.#waiting.findIndex(({ data }) => data !== undefined)
    if (how === 'aborted' && next >= 0) this.#waiting.length = next
    this.#settle()
  }
  leave(): void {
    this.#over = 'done'
    this.#waiting = []
    this.#id = undefined
    this.#settle()
  }

  #settle(): void {
    while (this.#pulls.length > 0) {
      const next = this.#waiting.findIndex(({ data }) => data !== undefined)
      const ids = this.#waiting.splice(0, next < 0 ? this.#waiting.length : next)
      this.#id = ids.at(-1)?.id ?? this.#id
      if (this.#id !== undefined && this.#handled) {
        this.log.push(`told ${this.#id}`)
        this.#id = undefined
      }
      const data = this.#waiting.shift()?.data
      if (data === undefined && !this.#over) return
      if (data !== undefined) this.#handled = false
      this.log.push(`pull ${this.#pulls.shift()}: ${data ?? this.#over}`)
      if (data === undefined) this.#over = 'done'
    }
  }
}

const encoder = new TextEncoder()
const settled = () => new Promise((resolve) => setImmediate(resolve))

async function drive(operations: readonly Operation[]): Promise<{ log: string[]; expected: string[] }> {
  const log: string[] = []
  const model = new Model()
  const controller = new AbortController()
  let handler: TransportHandler | undefined
  const abort = (): void => {
    handler = undefined
  }
  const transport: Transport = {
    open(_, given) {
      handler = given
      return { pause() {}, resume() {}, abort }
    },
  }
  const events = iterateEventSource('http://127.0.0.1:9/', {
    transport,
    reconnect: false,
    signal: controller.signal,
    cursor: { next: (id) => void log.push(`told ${id}`) },
  })
  const pull = (number: number): void =>
    void events.next().then(
      ({ value }) => log.push(`pull ${number}: ${value?.data ?? 'done'}`),
      ({ code }) => log.push(`pull ${number}: ${code}`),
    )
  pull(0)
  model.pull()
  await settled()
  handler?.onResponse({ status: 200, headers: { 'content-type': 'text/event-stream' }, url: 'http://a/' })
  let pulls = 1
  for (const [n, operation] of operations.entries()) {
    if (operation === 'pull') {
      pull(pulls++)
      model.pull()
    } else if (operation === 'return') {
      void events.return?.()
      model.leave()
    } else if (operation === 'abort') {
      controller.abort()
      model.finish('aborted')
    } else if (operation === 'end') {
      handler?.onEnd()
      model.finish('done')
    } else if (operation === 'cut') {
      handler?.onError('network', new Error('cut'))
      model.finish('network')
    } else {
      const id = operation === 'event' ? undefined : `${n}`
      const data = operation === 'ID' ? undefined : `e${n}`
      handler?.onData(encoder.encode(`${id ? `id: ${id}\n` : ''}${data ? `data: ${data}\n` : ''}\n`))
      if (data) model.event(data, id)
      else model.block(`${n}`)
    }
    await settled()
  }
  await events.return?.()
  model.leave()
  await settled()
  return { log, expected: model.log }
}

it('an iterator does what its model does, whatever comes and whenever it is pulled', async () => {
  const frequent = ['pull', 'pull', 'pull', 'event', 'event with ID', 'event with ID', 'ID'] as const
  const operation = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...frequent) },
    { weight: 1, arbitrary: fc.constantFrom('end', 'cut', 'abort', 'return') },
  ) as fc.Arbitrary<Operation>
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
      const { log, expected } = await drive(operations)
      expect(log).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

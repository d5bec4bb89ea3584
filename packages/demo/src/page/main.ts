import { type ConnectionState, fromEventSource } from '@rxsse/core'
import { decodeByType } from '@rxsse/operators'
import type { Observable } from 'rxjs'
import { BANDS } from '../bands.ts'
import { type Messages, messages } from '../messages.ts'
import { priceChart, quakeChart } from './charts.ts'
import { connectionLabel } from './connection-label.ts'
import { date, minute, percent, whole } from './formats.ts'
import { countBars, rows } from './lists.ts'

type Message = {
  readonly [Type in keyof Messages]: { readonly type: Type; readonly data: Messages[Type] }
}[keyof Messages]

/** What the server remembers of its last messages, and the id to resume after them. */
interface Snapshot {
  readonly lastEventId: string
  readonly messages: readonly Message[]
}

const upstream = connectionLabel(byId('upstream'))
const downstream = connectionLabel(byId('downstream'))
const quakes = quakeChart(byId('quakes'))
const prices = priceChart(byId('prices'))
const strongest = rows(byId('strongest'))
const moves = rows(byId('moves'))
const alerts = rows(byId('alerts'))
const samples = rows(byId('samples'))
const counts = countBars(byId('counts'))

byId('bands').append(
  ...BANDS.map(({ name }, index) => {
    const item = document.createElement('li')
    const swatch = document.createElement('i')
    swatch.style.background = `var(--band-${index})`
    item.append(swatch, name)
    return item
  }),
)

/** The strongest earthquake so far of the hour that is being told, band by band. */
let hour: Messages['quakes'] | undefined

function show(message: Message): void {
  switch (message.type) {
    case 'quakes': {
      const told = message.data
      quakes.add(told)
      if (hour !== undefined && hour.window.start !== told.window.start) {
        const { magnitude, place, time } = hour.strongest
        strongest.add({ value: `M ${magnitude.toFixed(1)}`, text: place, time: minute.format(time) })
        hour = undefined
      }
      if (hour === undefined || told.strongest.magnitude > hour.strongest.magnitude) hour = told
      break
    }
    case 'alert': {
      const { magnitude, place, time } = message.data
      alerts.add({ value: `M ${magnitude.toFixed(1)}`, text: place, time: minute.format(time) })
      break
    }
    case 'price':
      prices.add(message.data)
      break
    case 'move': {
      const { close, change } = message.data
      const direction = change > 0 ? 'up' : 'down'
      moves.add({
        value: percent.format(change),
        tone: direction,
        text: `${direction} to ${whole.format(close)}`,
        time: date.format(Date.parse(message.data.date)),
      })
      break
    }
    case 'count':
      counts.add(message.data)
      break
    case 'sample':
      samples.add({ text: message.data.text, time: message.data.type })
      break
    case 'node':
      showNode(message.data)
      break
    case 'status':
      showStatus(message.data)
      break
  }
}

function showStatus({ source, replay, connection, counts }: Messages['status']): void {
  document.body.dataset.mode = replay ? 'replay' : 'own'
  byId('source').textContent = source
  upstream.show(connection.status, connection.remaining)
  for (const [name, count] of Object.entries(counts)) byId(`count-${name}`).textContent = whole.format(count)
}

function showNode({ number, of, pid }: Messages['node']): void {
  byId('node').textContent = of > 1 ? `node ${number} of ${of}, process ${pid}` : ''
}

function showState(state: ConnectionState): void {
  downstream.show(state.status, state.status === 'waiting' ? state.delay : 0)
}

/** Tries until the server has it: where its log is in Redis, that may be away. */
async function readSnapshot(): Promise<Snapshot> {
  for (;;) {
    const response = await fetch('snapshot.json').catch(() => undefined)
    if (response?.ok) return await response.json()
    await new Promise((resolve) => setTimeout(resolve, 2_000))
  }
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no element with the id '${id}'`)
  return element
}

const snapshot = await readSnapshot()
for (const message of snapshot.messages) show(message)

const live: Observable<Message> = fromEventSource('sse/page', {
  lastEventId: snapshot.lastEventId,
  state: { next: showState },
}).pipe(
  decodeByType(messages, {
    // The demo was started anew and no longer knows what this page has seen: begin anew too.
    onUnknown: ({ type }) => type === 'gap' && location.reload(),
  }),
)
live.subscribe(show)

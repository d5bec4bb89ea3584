import { type ConnectionState, fromEventSource } from '@rxsse/core'
import { decodeByType } from '@rxsse/operators'
import type { Observable } from 'rxjs'
import { BANDS } from '../messages/magnitude-bands.ts'
import { MESSAGES, type Message, type Messages } from '../messages/messages.ts'
import { createPriceChart, createQuakeChart } from './charts.ts'
import { createConnectionLabel } from './connection-label.ts'
import { date, minute, percent, whole } from './formats.ts'
import { createCountBars, createRows } from './lists.ts'

/** The server's last messages, and the id to resume after them. */
interface Snapshot {
  readonly lastEventId: string
  readonly messages: readonly Message[]
}

const RESTORE_SHOWN_MS = 15_000

const upstream = createConnectionLabel(byId('upstream'))
const downstream = createConnectionLabel(byId('downstream'))
const quakes = createQuakeChart(byId('quakes'))
const prices = createPriceChart(byId('prices'))
const strongest = createRows(byId('strongest'))
const moves = createRows(byId('moves'))
const alerts = createRows(byId('alerts'))
const samples = createRows(byId('samples'))
const counts = createCountBars(byId('counts'))

byId('bands').append(
  ...BANDS.map(({ name }, index) => {
    const item = document.createElement('li')
    const swatch = document.createElement('i')
    swatch.style.background = `var(--band-${index})`
    item.append(swatch, name)
    return item
  }),
)

/** The strongest earthquake so far of the hour whose bands are arriving. */
let hour: Messages['quakes'] | undefined

function show(message: Message): void {
  switch (message.type) {
    case 'quakes': {
      const result = message.data
      quakes.add(result)
      if (hour !== undefined && hour.window.start !== result.window.start) {
        const { magnitude, place, time } = hour.strongest
        strongest.add({
          value: `M ${magnitude.toFixed(1)}`,
          text: shortenPlace(place),
          title: place,
          time: minute.format(time),
        })
        hour = undefined
      }
      if (hour === undefined || result.strongest.magnitude > hour.strongest.magnitude) hour = result
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

/** `55km WSW of Calingasta, Argentina` without its first part, which a narrow list has no room for. */
function shortenPlace(place: string): string {
  return place.replace(/^.*? of /, '')
}

function showStatus({ source, replay, connection, counts, job }: Messages['status']): void {
  document.body.dataset.mode = replay ? 'replay' : 'own'
  byId('source').textContent = source
  upstream.show(connection.status, connection.remaining)
  for (const [name, count] of Object.entries(counts)) byId(`count-${name}`).textContent = whole.format(count)
  byId('job').textContent = describeJob(job)
  byId('job').dataset.restored = String((job?.restored?.since ?? Number.POSITIVE_INFINITY) < RESTORE_SHOWN_MS)
}

function describeJob(job: Messages['status']['job']): string {
  if (job === undefined) return ''
  const { pid, saved, restored } = job
  const state = saved ? `Snapshot ${saved.snapshot} saved ${seconds(saved.age)} ago.` : 'No snapshot yet.'
  if (restored === null) return `Process ${pid} runs the pipeline. ${state}`
  return `Restored from snapshot ${restored.snapshot} (${seconds(restored.age)} old) by process ${pid}, ${seconds(restored.since)} ago. ${state}`
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`
}

function showNode({ name, pid }: Messages['node']): void {
  byId('node').textContent = name && `${name}, process ${pid}`
}

function showState(state: ConnectionState): void {
  downstream.show(state.status, state.status === 'waiting' ? state.delay : 0)
}

/** Retries until the server answers: a log in Redis may be unavailable. */
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

const live: Observable<Message> = fromEventSource('sse', {
  lastEventId: snapshot.lastEventId,
  timeouts: { head: '10s', idle: '40s' },
  state: { next: showState },
}).pipe(
  decodeByType(MESSAGES, {
    // The demo restarted and lost the events this page resumes from, so the page starts over.
    onUnknown: ({ type }) => type === 'gap' && location.reload(),
  }),
)
live.subscribe(show)

import type { Sample, SinkSample } from '../sample.ts'
import { element, heading, keepChildren, part, setText } from './elements.ts'
import { formatBytes, formatCount, formatNumberOf, formatRate } from './format.ts'
import type { History } from './history.ts'
import { createSparkline, drawSparkline } from './sparkline.ts'

/** Counts that need attention, so they are shown only if they are not 0. */
const PROBLEMS = {
  pending: 'not answered yet',
  skipped: 'skipped for slow clients',
  coalesced: 'coalesced',
  disconnected: 'slow clients cut',
  gaps: 'gaps told',
  filtered: 'filtered',
  rejected: 'rejected messages',
  refused: 'bad log entries',
  sourceErrors: 'pipeline errors',
} as const

/** Shows each sink with its connections, rates and rooms. */
export function showSinks(list: Element, history: History): void {
  const sinks = history.latest?.sinks ?? []
  const cards = keepChildren(
    list,
    sinks.map(({ name }) => name),
    createCard,
  )
  for (const [n, sink] of sinks.entries()) update(cards[n] as Element, sink, history)
}

function createCard(name: string): Element {
  const figure = (label: string, key: string) =>
    element('div', 'figure', part('strong', key), element('span', 'quiet', label))
  return element(
    'article',
    'card sink',
    heading('h3', name),
    element(
      'div',
      'figures',
      figure('connections', 'connections'),
      figure('slow now', 'behind'),
      figure('messages', 'published'),
      figure('deliveries', 'delivered'),
      figure('sent', 'bytes'),
    ),
    createSparkline('deliveries a second, over the last minutes') as unknown as HTMLElement,
    part('p', 'problems', 'problems'),
    element('ul', 'rooms'),
  )
}

function update(card: Element, { name, counts, rooms, roomCount }: SinkSample, history: History): void {
  const read = (key: string) => (sample: Sample) =>
    sample.sinks.find((sink) => sink.name === name)?.counts[key]
  const rate = (key: string) => history.rate(read(key))
  setText(card, 'connections', formatCount(counts.connections ?? 0))
  const behind = setText(card, 'behind', formatCount(counts.behind ?? 0))
  behind.classList.toggle('warn', (counts.behind ?? 0) > 0)
  setText(card, 'published', formatRate(rate('published')))
  setText(card, 'delivered', formatRate(rate('delivered')))
  setText(card, 'bytes', `${formatBytes(rate('bytes'))}/s`)
  const problems = Object.entries(PROBLEMS).flatMap(([key, label]) =>
    counts[key] ? [`${formatCount(counts[key])} ${label}`] : [],
  )
  const total = `${formatNumberOf(counts.opened ?? 0, 'connection')} so far, ${formatCount(counts.resumed ?? 0)} resumed`
  setText(card, 'problems', [total, ...problems].join(' · '))
  drawSparkline(card, history.rates(read('delivered')), history.latest?.time ?? 0)
  showRooms(card.querySelector('ul') as Element, rooms, roomCount)
}

function showRooms(list: Element, rooms: SinkSample['rooms'], roomCount: number): void {
  const keys = rooms.map(([room]) => `room ${room}`)
  if (roomCount > rooms.length) keys.push('others')
  const items = keepChildren(list, keys, createRoom)
  for (const [n, [, connections]] of rooms.entries()) {
    setText(items[n] as Element, 'count', formatCount(connections))
  }
  if (roomCount > rooms.length) {
    setText(items.at(-1) as Element, 'count', `and ${formatCount(roomCount - rooms.length)} more rooms`)
  }
}

function createRoom(key: string): Element {
  // A name in another direction must not move its count.
  const name = element('bdi', '', key.startsWith('room ') ? key.slice(5) : '')
  name.title = name.textContent
  return element('li', '', name, ' ', part('span', 'count'))
}

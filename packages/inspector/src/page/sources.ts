import type { SourceSample, Transition } from '../sample.ts'
import { element, heading, keepChildren, part, setText, svgElement } from './elements.ts'
import { formatDuration, formatNumberOf } from './format.ts'
import { type History, SPAN } from './history.ts'

/** Shows each source with its status, and its connections on a time line. */
export function showSources(list: Element, history: History, time: number): void {
  const sources = history.latest?.sources ?? []
  const cards = keepChildren(
    list,
    sources.map(({ name }) => name),
    createCard,
  )
  for (const [n, source] of sources.entries()) update(cards[n] as Element, source, time)
}

function createCard(name: string): Element {
  const bar = svgElement('svg', { class: 'timeline', viewBox: '0 0 300 1', preserveAspectRatio: 'none' })
  bar.setAttribute('role', 'img')
  bar.setAttribute('aria-label', 'the connection in the last five minutes')
  return element(
    'article',
    'card source',
    heading('h3', name),
    part('span', 'status', 'status'),
    part('p', 'url', 'quiet'),
    bar as unknown as HTMLElement,
    element('p', 'scale quiet', element('span', '', '5 min ago'), element('span', '', 'now')),
    part('p', 'counts'),
  )
}

function update(card: Element, source: SourceSample, time: number): void {
  const { timeline } = source
  const status = setText(card, 'status', describeStatus(source, time))
  status.dataset.status = source.status ?? 'none'
  setText(card, 'url', source.url ?? 'not subscribed')
  const id = source.lastEventId === '' ? 'no id yet' : `last id ${source.lastEventId}`
  const opened = formatNumberOf(source.opened, 'connection')
  setText(card, 'counts', `${opened}, ${formatNumberOf(source.failed, 'failure')}, ${id}`)
  card.querySelector('svg')?.replaceChildren(...drawTimeline(timeline, time))
}

function describeStatus({ status, timeline }: SourceSample, time: number): string {
  const last = timeline.at(-1)
  if (status === undefined || last === undefined) return 'not subscribed'
  const reason = last.reason === undefined ? '' : ` (${last.reason})`
  return `${status} for ${formatDuration(Math.max(0, time - last.at))}${reason}`
}

/** A status that lasted less is still visible. Seconds. */
const SHORTEST = 0.6

/** One rectangle for each status, in seconds from the left. */
function drawTimeline(timeline: readonly Transition[], time: number): SVGElement[] {
  const start = time - SPAN
  return timeline.flatMap(({ at, status, reason }, n) => {
    const from = Math.max(at, start)
    const to = timeline[n + 1]?.at ?? time
    if (to < start) return []
    const bar = svgElement('rect', {
      class: status,
      x: (from - start) / 1000,
      y: 0,
      width: Math.max((to - from) / 1000, SHORTEST),
      height: 1,
    })
    const title = svgElement('title', {})
    const clock = new Date(at).toLocaleTimeString()
    title.textContent = `${clock} ${status}${reason === undefined ? '' : ` (${reason})`}`
    bar.append(title)
    return [bar]
  })
}

import { element, heading, keepChildren, part, setText } from './elements.ts'
import type { History } from './history.ts'

/** Shows each job with its last snapshot. */
export function showJobs(list: Element, history: History): void {
  const jobs = history.latest?.jobs ?? []
  const cards = keepChildren(
    list,
    jobs.map(({ name }) => name),
    createCard,
  )
  for (const [n, { status, details }] of jobs.entries()) {
    const card = cards[n] as Element
    setText(card, 'status', status).dataset.status = status
    const rows = keepChildren(
      card.querySelector('dl') as Element,
      details.map(([name]) => name),
      createRow,
    )
    for (const [index, [, value]] of details.entries()) setText(rows[index] as Element, 'value', value)
  }
}

function createCard(name: string): Element {
  return element('article', 'card job', heading('h3', name), part('span', 'status', 'status'), element('dl'))
}

function createRow(name: string): Element {
  return element('div', '', element('dt', '', name), part('dd', 'value'))
}

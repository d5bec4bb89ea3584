import type { Messages } from '../messages/messages.ts'

const ROWS_KEPT = 50
const BARS_SHOWN = 12

export interface Row {
  readonly value?: string
  readonly tone?: 'up' | 'down'
  readonly text: string
  /** The full text, if `text` is shortened. */
  readonly title?: string
  readonly time: string
}

/** A list of rows, newest first. */
export function createRows(list: HTMLElement): { add(row: Row): void } {
  return {
    add({ value, tone, text, title = text, time }) {
      const item = document.createElement('li')
      if (value !== undefined) {
        const strong = item.appendChild(document.createElement('b'))
        strong.textContent = value
        if (tone !== undefined) strong.className = tone
      }
      const label = item.appendChild(document.createElement('span'))
      label.textContent = text
      label.title = title
      item.appendChild(document.createElement('time')).textContent = time
      list.prepend(item)
      while (list.childElementCount > ROWS_KEPT) list.lastElementChild?.remove()
    },
  }
}

/** One bar for each key of the newest window, longest first. */
export function createCountBars(list: HTMLElement): { add(count: Messages['count']): void } {
  const counts = new Map<string, number>()
  let start = Number.NEGATIVE_INFINITY
  return {
    add({ window, key, count }) {
      if (window.start > start) counts.clear()
      start = window.start
      counts.set(key, count)
      const top = [...counts].sort(([, a], [, b]) => b - a).slice(0, BARS_SHOWN)
      const longest = top[0]?.[1] ?? 1
      list.replaceChildren(
        ...top.map(([name, n]) => {
          const item = document.createElement('li')
          item.appendChild(document.createElement('span')).textContent = name
          item.appendChild(document.createElement('i')).style.width = `${(n / longest) * 100}%`
          item.appendChild(document.createElement('b')).textContent = String(n)
          return item
        }),
      )
    },
  }
}

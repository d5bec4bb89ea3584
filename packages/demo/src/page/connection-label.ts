import type { Messages } from '../messages/messages.ts'

type Status = Messages['status']['connection']['status']

/** Shows the status of a connection and, while it waits, the time until the next attempt. */
export function createConnectionLabel(element: HTMLElement): {
  show(status: Status, remaining: number): void
} {
  let timer: ReturnType<typeof setInterval> | undefined
  return {
    show(status, remaining) {
      clearInterval(timer)
      element.dataset.status = status
      if (status !== 'waiting') {
        element.textContent = status
        return
      }
      const until = performance.now() + remaining
      const tick = (): void => {
        element.textContent = `waiting ${(Math.max(0, until - performance.now()) / 1000).toFixed(1)} s`
      }
      tick()
      timer = setInterval(tick, 100)
    },
  }
}

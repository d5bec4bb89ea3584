import type { Messages } from '../messages.ts'

type Status = Messages['status']['connection']['status']

/** Shows where a connection stands; while it waits, how long still. */
export function connectionLabel(element: HTMLElement): { show(status: Status, remaining: number): void } {
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

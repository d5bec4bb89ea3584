import { Queue } from '../flow/queue.ts'

/**
 * Runs `task` in a task of its own, after those queued before it. Microtasks run in between, as
 * they do between the events of a browser's `EventSource`.
 */
export function queueTask(task: () => void): void {
  if (setImmediate) {
    setImmediate(task)
  } else {
    tasks.push(task)
    port ??= openPort()
    port.postMessage(undefined)
  }
}

/** The platform's own: a test that fakes timers stops the time, and a task takes none. */
const { setImmediate } = globalThis as { setImmediate?: (task: () => void) => unknown }

const tasks = new Queue<() => void>()

let port: { postMessage(message: undefined): void } | undefined

/** A message is a task that the platform does not delay, as it delays nested timers. */
function openPort(): { postMessage(message: undefined): void } {
  const { port1, port2 } = new MessageChannel()
  // A listener would need `start()`.
  Object.assign(port1, { onmessage: () => tasks.shift()?.() })
  return port2
}

import type { Server } from 'node:http'
import { asyncScheduler, type SchedulerAction, type SchedulerLike, type Subscription } from 'rxjs'
import { expect } from 'vitest'
import type { StreamEndpoint } from '../src/http/stream-endpoint.ts'

/** Counts the timers of an endpoint: `createSink({ scheduler })`. */
export class CountingScheduler implements SchedulerLike {
  readonly #timers = new Set<Subscription>()

  /** Timers that have neither fired nor been stopped. */
  get timers(): number {
    let waiting = 0
    // RxJS does not close an action that has run, but says that it is not pending.
    for (const timer of this.#timers) if (Reflect.get(timer, 'pending') === true) waiting++
    return waiting
  }

  now(): number {
    return asyncScheduler.now()
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T): Subscription {
    const timer = asyncScheduler.schedule(work, delay, state as T)
    this.#timers.add(timer)
    timer.add(() => this.#timers.delete(timer))
    return timer
  }
}

/** When no client is left, an endpoint holds no connection, no permit and no timer. */
export async function expectIdle(
  endpoint: StreamEndpoint,
  { server, scheduler }: { server?: Server; scheduler?: CountingScheduler } = {},
): Promise<void> {
  if (server !== undefined) {
    const countSockets = () =>
      new Promise((resolve) => server.getConnections((_error, sockets) => resolve(sockets)))
    await expect.poll(countSockets).toBe(0)
  }
  await expect.poll(() => endpoint.stats()).toMatchObject({ connections: 0, pending: 0, behind: 0 })
  if (scheduler !== undefined) await expect.poll(() => scheduler.timers).toBe(0)
}

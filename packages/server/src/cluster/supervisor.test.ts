import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ManualScheduler } from '../../test/manual-scheduler.ts'
import { createClock } from '../connection/clock.ts'
import { Supervisor } from './supervisor.ts'

/** Processes that only exist for the supervisor, and its virtual time. */
function supervise({ workers = 2, maxDelay = 30_000 } = {}) {
  const cluster = new EventEmitter()
  const scheduler = new ManualScheduler()
  const errors: string[] = []
  const running: Worker[] = []
  let pid = 0
  const end = (worker: Worker | undefined, signal = 'SIGKILL') => {
    if (worker === undefined || !running.includes(worker)) return
    running.splice(running.indexOf(worker), 1)
    worker.emit('exit', null, signal)
    cluster.emit('exit', worker, null, signal)
  }
  const fork = () => {
    const worker: Worker = Object.assign(new EventEmitter(), {
      process: { pid: ++pid, kill: (signal = 'SIGTERM') => setImmediate(end, worker, signal) },
      isConnected: () => running.includes(worker),
      send: (message: object) => sent.push(message),
    }) as never
    running.push(worker)
    return worker
  }
  const sent: object[] = []
  const supervisor = new Supervisor({
    cluster: Object.assign(cluster, { fork }) as never,
    workers,
    channel: 'c',
    maxDelay,
    clock: createClock(scheduler),
    onError: (error) => errors.push(String(error)),
  })
  onTestFinished(() => {
    const closed = supervisor.close({}, 0)
    scheduler.advance(0)
    return closed
  })
  const listen = (worker: Worker | undefined) => cluster.emit('message', worker, { rxsse: 'c', port: 80 })
  return { cluster, supervisor, scheduler, running, errors, sent, end, listen, fork }
}

describe('workers that end', () => {
  it('soon after they listened are replaced after growing delays, up to a limit', async () => {
    const { supervisor, scheduler, running, errors, end, listen } = supervise({ workers: 1, maxDelay: 1_000 })
    const started = supervisor.start({})
    listen(running[0])
    expect(await started).toBe(80)
    for (const delay of [100, 200, 400, 800, 1_000, 1_000]) {
      scheduler.advance(9_999)
      end(running[0])
      scheduler.advance(delay - 1)
      expect(running).toEqual([])
      scheduler.advance(1)
      expect(running.length).toBe(1)
      listen(running[0])
    }
    scheduler.advance(10_000)
    end(running[0])
    scheduler.advance(0)
    expect(running.length).toBe(1)
    end(running[0])
    scheduler.advance(100)
    expect(running.length).toBe(1)
    expect(supervisor.restarts).toBe(8)
    expect(errors[0]).toBe('Error: serveSinks: the worker 1 ended with SIGKILL; it is replaced')
    expect(errors.length).toBe(8)
  })

  it('together are replaced together, and count as one failure', async () => {
    const { supervisor, scheduler, running, end, listen } = supervise({ workers: 3 })
    const started = supervisor.start({})
    for (const worker of running) listen(worker)
    await started
    for (const delay of [100, 200]) {
      for (const worker of [...running]) end(worker)
      scheduler.advance(delay)
      expect(running.length).toBe(3)
    }
    // One that served for long does not wait for the others.
    const [, , sound] = running
    listen(sound)
    scheduler.advance(10_000)
    end(running[0])
    end(sound)
    scheduler.advance(0)
    expect(running.length).toBe(3)
  })

  it('are not replaced once it is closed, and no timer is left', async () => {
    const { supervisor, scheduler, running, end, listen } = supervise({ workers: 1 })
    const started = supervisor.start({})
    listen(running[0])
    await started
    end(running[0])
    await supervisor.close({}, 100)
    expect(scheduler.actions).toEqual([])
    scheduler.advance(100_000)
    expect(running).toEqual([])
  })

  it('before they listened end the start, and the others, so that it can be tried again', async () => {
    const { cluster, supervisor, running, end, listen } = supervise({ workers: 3 })
    const started = supervisor.start({})
    listen(running[0])
    // This one could not even be started.
    Object.assign(running[2]?.process ?? {}, { pid: undefined })
    end(running[1])
    running.pop()
    await expect(started).rejects.toThrow('a worker ended with SIGKILL before it listened')
    expect(running).toEqual([])
    expect(cluster.eventNames()).toEqual([])
  })
})

it('leaves workers alone that the program has forked itself', async () => {
  const { cluster, supervisor, running, sent, end, listen, fork } = supervise({ workers: 1 })
  const other = fork()
  const started = supervisor.start({})
  listen(other)
  listen(running[1])
  await started
  end(other)
  expect(running.length).toBe(1)
  fork()
  const closed = supervisor.close({ close: {} }, 100)
  expect(sent).toEqual([{ rxsse: 'c', n: 1, close: {} }])
  end(running[0])
  await closed
  expect(running.length).toBe(1)
  expect(cluster.eventNames()).toEqual([])
})

it('says that workers do something else, once, and goes on if they come', async () => {
  const { supervisor, scheduler, running, errors, listen } = supervise()
  const started = supervisor.start({})
  listen(running[0])
  scheduler.advance(60_000)
  expect(errors).toEqual([
    'Error: serveSinks: 1 of 2 workers do not listen after 10000 ms; every worker has to come to this call, too',
  ])
  listen(running[1])
  expect(await started).toBe(80)
  expect(scheduler.actions).toEqual([])
})

it('has the answers of the others if a worker hangs or dies, and names the one that hangs', async () => {
  const { supervisor, scheduler, running, errors, end, listen } = supervise({ workers: 3 })
  const started = supervisor.start({})
  for (const worker of running) listen(worker)
  await started
  const [hangs, answers, dies] = running
  const asked = supervisor.askAll({ stats: true })
  answers?.emit('message', { rxsse: 'c', n: 2, stats: { a: 1 } })
  end(dies)
  scheduler.advance(4_999)
  expect(errors).toEqual(['Error: serveSinks: the worker 3 ended with SIGKILL; it is replaced'])
  scheduler.advance(1)
  expect(await asked).toEqual([undefined, expect.objectContaining({ stats: { a: 1 } }), undefined])
  expect(errors[1]).toBe(
    'Error: serveSinks: stats: the worker 1 did not answer within 5000 ms, so its counts are missing',
  )
  // An answer that comes later is for nobody.
  hangs?.emit('message', { rxsse: 'c', n: 1, stats: { a: 1 } })
  expect(hangs?.eventNames()).toEqual(['error'])
})

import { stringify } from 'fast-check'
import { Observable, type OperatorFunction, type SchedulerLike, Subject, takeUntil } from 'rxjs'
import { VirtualClock } from './virtual-clock.ts'

export interface OperatorLawsOptions<In, Out> {
  /** The operator, on the given scheduler. Called for each run. */
  readonly operator: (scheduler: SchedulerLike) => OperatorFunction<In, Out>
  /** The i-th event of the input. The operator must emit something within 24 of them. */
  readonly input: (i: number) => In
  /** Only for an operator that waits for promises. Resolves when the work under way is done. */
  readonly settle?: () => Promise<void>
}

/** A law that every operator keeps. `check` rejects with an error that describes a violation. */
export interface OperatorLaw {
  readonly title: string
  check(): Promise<void>
}

/**
 * The laws of operators on a stream of events: how an operator unsubscribes, fails, completes, handles reentrant
 * events and keeps two subscriptions apart. They work with any test runner:
 *
 * @example
 * ```ts
 * for (const { title, check } of operatorLaws({ operator: (clock) => debounceTime(100, clock), input: (i) => i })) it(title, check)
 * ```
 */
export function operatorLaws<In, Out>(options: OperatorLawsOptions<In, Out>): OperatorLaw[] {
  const { operator, input, settle = async () => {} } = options
  const context = { operator, settle, events: Array.from({ length: 24 }, (_, i) => input(i)) }
  const laws: [title: string, check: (context: LawContext<In, Out>) => Promise<void>][] = [
    [
      'unsubscribes from its source at once in every state, emits nothing after, and leaves no timer',
      checkUnsubscription,
    ],
    ['stops a synchronous source when it is unsubscribed', checkSynchronousSource],
    ['passes on an error of its source at once and drops its state', checkError],
    ['completes when its source has, and leaves no timer', checkCompletion],
    ['handles events that its own consumer sends as if they came next', checkReentrancy],
    ['keeps two subscriptions apart', checkSubscriptions],
  ]
  return laws.map(([title, check]) => ({ title, check: () => check(context) }))
}

interface LawContext<In, Out> extends Required<Omit<OperatorLawsOptions<In, Out>, 'input'>> {
  readonly events: readonly In[]
}

async function checkUnsubscription<In, Out>({
  operator,
  events,
  settle,
}: LawContext<In, Out>): Promise<void> {
  for (const [pushed, wait] of states(events.length)) {
    const run = start(operator)
    run.push(events.slice(0, pushed))
    run.clock.advanceBy(wait)
    await settle()
    run.subscription.unsubscribe()
    const { length } = run.seen
    const when = `unsubscribed ${wait} ms after ${pushed} events`
    assertLaw(!run.source.observed, `${when}, it is still subscribed to its source`)
    assertLaw(run.clock.timers === 0, `${when}, it leaves ${run.clock.timers} timers`)
    run.clock.runOut()
    await settle()
    assertLaw(run.seen.length === length, `${when}, it emits`)
  }
}

async function checkSynchronousSource<In, Out>({ operator, events }: LawContext<In, Out>): Promise<void> {
  const stop = new Subject<void>()
  const clock = new VirtualClock()
  let produced = 0
  const source = new Observable<In>((subscriber) => {
    while (!subscriber.closed && produced < 1000) {
      if (produced === 5) stop.next()
      else subscriber.next(events[produced % events.length] as In)
      produced++
    }
  })
  source.pipe(operator(clock), takeUntil(stop)).subscribe()
  assertLaw(produced === 6, `unsubscribed within its 6th event, the source produces ${produced}`)
  assertLaw(clock.timers === 0, `it leaves ${clock.timers} timers`)
}

async function checkError<In, Out>({ operator, events, settle }: LawContext<In, Out>): Promise<void> {
  const boom = new Error('boom')
  for (let pushed = 0; pushed <= events.length; pushed++) {
    const run = start(operator)
    run.push(events.slice(0, pushed))
    const { length } = run.seen
    run.source.error(boom)
    const when = `after ${pushed} events and an error of the source`
    assertLaw(run.endings.length === 1 && run.endings[0] === boom, `${when}, it does not end with that error`)
    assertLaw(run.clock.timers === 0, `${when}, it leaves ${run.clock.timers} timers`)
    run.clock.runOut()
    await settle()
    assertLaw(run.seen.length === length && run.endings.length === 1, `${when}, it emits`)
  }
}

async function checkCompletion<In, Out>({ operator, events, settle }: LawContext<In, Out>): Promise<void> {
  for (let pushed = 0; pushed <= events.length; pushed++) {
    const run = start(operator)
    run.push(events.slice(0, pushed))
    run.source.complete()
    await runOut(run.clock, settle)
    const when = `after ${pushed} events and the end of the source`
    assertLaw(run.endings.join() === 'complete', `${when}, it ends with: ${run.endings.join() || 'nothing'}`)
    assertLaw(run.clock.timers === 0, `${when}, it leaves ${run.clock.timers} timers`)
  }
}

async function checkReentrancy<In, Out>({ operator, events, settle }: LawContext<In, Out>): Promise<void> {
  const plain = start(operator)
  plain.push(events)
  plain.source.complete()
  await runOut(plain.clock, settle)

  let fed = 0
  const feed = (): void => {
    const event = events[fed++]
    if (event !== undefined) run.source.next(event)
  }
  const run = start(operator, feed)
  while (fed < events.length) feed()
  run.source.complete()
  await runOut(run.clock, settle)
  assertLaw(run.endings.join() === 'complete', `it ends with: ${run.endings.join() || 'nothing'}`)
  assertEqual(run.seen, plain.seen, 'output for events that its consumer sends')
}

async function checkSubscriptions<In, Out>({ operator, events, settle }: LawContext<In, Out>): Promise<void> {
  const clock = new VirtualClock()
  const source = new Subject<In>()
  const shared = source.pipe(operator(clock))
  const [first, second]: [Out[], Out[]] = [[], []]
  shared.subscribe((value) => first.push(value))
  shared.subscribe((value) => second.push(value))
  const leaver = shared.subscribe()
  for (const event of events.slice(0, 4)) source.next(event)
  leaver.unsubscribe()
  for (const event of events.slice(4)) source.next(event)
  source.complete()
  await runOut(clock, settle)
  assertLaw(first.length > 0, 'the operator emits nothing for the 24 events of `input`')
  assertEqual(second, first, 'output of a second subscription')
}

/** The moments of unsubscription: after so many events, and so many milliseconds after the last of them. */
function* states(events: number): Generator<[pushed: number, wait: number]> {
  for (let pushed = 0; pushed <= events; pushed++) for (const wait of [0, 1, 60_000]) yield [pushed, wait]
}

interface Run<In, Out> {
  readonly clock: VirtualClock
  readonly source: Subject<In>
  readonly seen: readonly Out[]
  readonly endings: readonly unknown[]
  readonly subscription: { unsubscribe(): void }
  push(events: readonly In[]): void
}

function start<In, Out>(
  operator: OperatorLawsOptions<In, Out>['operator'],
  seenOne: () => void = () => {},
): Run<In, Out> {
  const clock = new VirtualClock()
  const source = new Subject<In>()
  const seen: Out[] = []
  const endings: unknown[] = []
  const subscription = source.pipe(operator(clock)).subscribe({
    next(value) {
      seen.push(value)
      seenOne()
    },
    error: (error: unknown) => endings.push(error),
    complete: () => endings.push('complete'),
  })
  return {
    clock,
    source,
    seen,
    endings,
    subscription,
    push(events) {
      for (const event of events) source.next(event)
    },
  }
}

async function runOut(clock: VirtualClock, settle: () => Promise<void>): Promise<void> {
  clock.runOut()
  await settle()
  clock.runOut()
}

function assertLaw(condition: boolean, violation: string): void {
  if (!condition) throw new Error(violation)
}

function assertEqual(got: readonly unknown[], wanted: readonly unknown[], what: string): void {
  const [a, b] = [stringify(got), stringify(wanted)]
  assertLaw(a === b, `${what}: expected ${b}, got ${a}`)
}

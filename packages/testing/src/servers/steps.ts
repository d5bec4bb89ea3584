import { LONGEST_TIMER, optionError } from '@rxsse/shared'

/** Throws a `TypeError` for what is no list of steps. A string would be one of its characters. */
export function checkSteps(steps: unknown, option: string): void {
  const { [Symbol.iterator]: list, [Symbol.asyncIterator]: asyncList } = Object(steps)
  const isIterable = typeof list === 'function' || typeof asyncList === 'function'
  if (isIterable && typeof steps !== 'string' && !(steps instanceof Uint8Array)) return
  throw optionError(option, 'a list of steps or a generator', steps)
}

/** Whether a step is an object whose one member says what it does. Throws a `TypeError` if it is nothing that a step can be. */
export function checkStep(step: unknown, members: readonly string[]): void {
  if (typeof step === 'string' || step instanceof Uint8Array) return
  if (typeof step === 'object' && step !== null && members.some((member) => member in step)) return
  throw optionError('a step', `a string, a Uint8Array or an object with ${members.join(', ')}`, step)
}

/** The milliseconds of a timer, such as that of `{ sleep }`. A timer of any other number would fire at once. */
export function requireSleep(milliseconds: number, option = 'sleep'): number {
  if (milliseconds >= 0 && milliseconds <= LONGEST_TIMER) return milliseconds
  throw optionError(option, `a number of milliseconds from 0 to ${LONGEST_TIMER}`, milliseconds)
}

/** The promise of `{ until }`. */
export function requirePromise(until: unknown): PromiseLike<unknown> {
  const promise: unknown = typeof until === 'function' ? until() : until
  if (typeof (promise as PromiseLike<unknown> | null | undefined)?.then === 'function') {
    return promise as PromiseLike<unknown>
  }
  throw optionError('until', 'a promise or a function that returns one', promise)
}

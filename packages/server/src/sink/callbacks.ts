import { describeValue, isPromise, type SseMessage } from '@rxsse/shared'

/**
 * Calls a user's function whose result does not matter. Its error goes to `onError`, also if it
 * returns a promise that rejects.
 */
export function callSafely(call: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = call()
    if (isPromise(result)) Promise.resolve(result).catch(onError)
  } catch (error) {
    onError(error)
  }
}

/** Returns the text that a user's function gave. Throws a `TypeError` that names it otherwise. */
export function requireText(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw createResultError(value, name, 'a string')
}

/** As {@link requireText}, but there may be none: `undefined` or `null`. */
export function requireOptionalText(value: unknown, name: string): string | undefined {
  return value === undefined || value === null ? undefined : requireText(value, name)
}

/** Returns the message that a user's function gave. Throws a `TypeError` for anything else. */
export function requireMessage(value: unknown, name: string): SseMessage {
  if (typeof value === 'object' && value !== null && !isPromise(value)) return value as SseMessage
  throw createResultError(value, name, 'a message')
}

/** A function of the user returned what it must not. The rejection of a promise is not lost twice. */
export function createResultError(value: unknown, name: string, expected: string): TypeError {
  if (isPromise(value)) Promise.resolve(value).catch(ignore)
  const given = isPromise(value) ? 'a promise' : describeValue(value)
  return new TypeError(`${name} must return ${expected}, not ${given}`)
}

function ignore(): void {}

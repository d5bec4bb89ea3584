import { describeValue, isPromise } from '@rxsse/shared'

/**
 * A value as JSON. `name` is what an error calls it. A value of which JSON keeps nothing is refused: it would write `{}` for
 * a promise, a `Map` or an `Error`.
 *
 * @throws TypeError that says what would be right.
 */
export function toJson(value: unknown, name: string): string {
  if (isPromise(value)) {
    // Told here, so that its rejection is not told again.
    Promise.resolve(value).catch(() => {})
    throw new TypeError(`${name} is a promise; await it first`)
  }
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TypeError(`${name} cannot be written as JSON: ${reason}`, { cause })
  }
  if (json === undefined) {
    throw new TypeError(`${name} is ${describeValue(value)}, which JSON cannot represent; send null or text`)
  }
  if (json === '{}') requireRecord(value as object, name)
  return json
}

function requireRecord(value: object, name: string): void {
  const [, kind] = /^\[object (.*)\]$/.exec(Object.prototype.toString.call(value)) ?? []
  if (kind === 'Object' && !('subscribe' in value)) return
  if ('toJSON' in value) return
  const what = kind === 'Object' ? 'Observable' : kind
  throw new TypeError(`${name} is of type ${what}, of which JSON keeps nothing; send what is in it`)
}

import { shapeOf } from '../shape.ts'

/**
 * Where an operator puts what does not go downstream: a function, or an observer (a `Subject`, say) of which only
 * `next` is called. One that throws errors the stream, as any callback does.
 */
export type SideOutput<T> = ((value: T) => void) | { next(value: T): void }

/** The side output as a function, or undefined where none was given. Throws a `TypeError` that names the option. */
export function toSideOutput<T>(
  option: string,
  output: SideOutput<T> | undefined,
): ((value: T) => void) | undefined {
  if (output === undefined) return undefined
  if (typeof output === 'function') return output
  if (typeof output?.next === 'function') return (value) => output.next(value)
  throw new TypeError(`${option} must be a function or an observer with next(), not ${shapeOf(output)}`)
}

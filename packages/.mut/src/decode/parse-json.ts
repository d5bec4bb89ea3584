import { optionError } from '@rxsse/shared'

/** Resolves an option `bigint` to the function that parses JSON. */
export function resolveParseJson(bigint: boolean | undefined, option: string): (text: string) => unknown {
  if (bigint !== true) return JSON.parse
  if (parseWithBigInt('9007199254740993') !== 9007199254740993n) {
    throw optionError(option, 'left out on a runtime whose JSON.parse does not tell the source text', bigint)
  }
  return parseWithBigInt
}

/** A reviver as ECMAScript's "JSON.parse source text access" calls it. */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown

const revive: Reviver = (_, value, context) => {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}

/** Integers that a number cannot hold exactly become bigints. */
function parseWithBigInt(text: string): unknown {
  return JSON.parse(text, revive)
}

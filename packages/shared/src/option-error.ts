/**
 * The error for a wrong option, in all rxsse packages. It names the option, says what would be right and shows the value.
 * `option` is the name with its path, such as `reconnect.factor`; an operator's name comes first: `dedupe: ttl`.
 */
export function optionError(option: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${option} must be ${expected}, not ${describeValue(value)}`)
}

/**
 * The error for a name that is no option, which plain JavaScript would not notice. It says which of the `known` is most like it,
 * or all of them if none is. Each name has its path, as in {@link optionError}.
 */
export function unknownOptionError(option: string, known: readonly string[]): TypeError {
  const ranked = known.map((name) => ({ name, edits: countEdits(option.toLowerCase(), name.toLowerCase()) }))
  const [nearest] = ranked.sort((a, b) => a.edits - b.edits)
  const isMisspelt = nearest !== undefined && nearest.edits <= MOST_EDITS
  return new TypeError(
    `${option} is no option, ${isMisspelt ? `the nearest is ${nearest.name}` : `there are ${known.join(', ')}`}`,
  )
}

/** A name that is further from an option is another word. */
const MOST_EDITS = 2

/** The fewest letters to insert, delete or replace (Levenshtein). */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (const [i, letter] of Array.from(from).entries()) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const replaced = (row[j] as number) + (letter === to[j] ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1))
    }
    row = next
  }
  return row[to.length] as number
}

/** A number of at least `least`, `Infinity` included. Throws the {@link optionError} for anything else. */
export function requireNumber(value: unknown, option: string, least: number): number {
  if (typeof value === 'number' && value >= least) return value
  throw optionError(option, `a number of at least ${least}`, value)
}

/** A whole number of at least `least`. Throws the {@link optionError} for anything else, `Infinity` included. */
export function requireInteger(value: unknown, option: string, least: number): number {
  if (Number.isInteger(value) && (value as number) >= least) return value as number
  throw optionError(option, `a whole number of at least ${least}`, value)
}

/** A function. Throws the {@link optionError} for anything else. */
export function requireFunction<F>(value: F, option: string): F {
  if (typeof value === 'function') return value
  throw optionError(option, 'a function', value)
}

/** A value as an error message shows it: its type and at most 40 characters of a string or five keys of an object. */
export function describeValue(value: unknown): string {
  const type = typeof value
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value && type === 'object')
    return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no keys'}`
  const text = String(value)
  if (type === 'string')
    return `the string ${JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)}`
  return /^(number|bigint|boolean)$/.test(type) ? `the ${type} ${text}` : value === null ? 'null' : type
}

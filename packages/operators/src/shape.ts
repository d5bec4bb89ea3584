/** A value as an error message may show it: its type, and a bounded look at it. */
export function shapeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  switch (typeof value) {
    case 'string':
      return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
    case 'number':
    case 'boolean':
    case 'bigint':
      return `the ${typeof value} ${String(value)}`
    case 'object':
      return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no keys'}`
    default:
      return typeof value
  }
}

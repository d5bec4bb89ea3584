/** What is used of a zod schema, version 4. */
export interface ZodSchema {
  readonly _zod: {
    readonly def: object
    run(payload: ZodPayload, context: { readonly async: boolean }): ZodPayload | Promise<ZodPayload>
  }
  safeParseAsync(value: unknown): Promise<{
    readonly data?: unknown
    readonly error?: { readonly issues: readonly { readonly message: string }[] }
  }>
}

export interface ZodPayload {
  readonly value: unknown
  readonly issues: readonly unknown[]
}

export function isZod(schema: object): schema is ZodSchema {
  const { _zod, safeParseAsync } = schema as Partial<ZodSchema>
  return typeof _zod?.run === 'function' && typeof safeParseAsync === 'function'
}

/**
 * Whether a value can meet a function of the user's, such as a refinement or a transformation, which may be asynchronous. Another
 * value may not meet it: it is in a branch of a union, or in an optional property.
 */
export function hasUserFunction(schema: ZodSchema): boolean {
  try {
    return contains(schema, new Set())
  } catch {
    return true
  }
}

function contains(value: unknown, seen: Set<unknown>): boolean {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  seen.add(value)
  if ('_zod' in value) return definesFunction(value as ZodNode, seen)
  const prototype = Object.getPrototypeOf(value)
  return (
    (Array.isArray(value) || prototype === Object.prototype || prototype === null) &&
    Object.values(value).some((each) => contains(each, seen))
  )
}

function definesFunction({ _zod: { def, innerType } }: ZodNode, seen: Set<unknown>): boolean {
  // A recursive schema has a function that returns the schema.
  if (def.type === 'lazy') return contains(innerType, seen)
  return (
    def.check === 'custom' ||
    Object.keys(def).some((key) => !SYNCHRONOUS.has(key) && contains(def[key], seen))
  )
}

/** Parts of a definition that zod itself has made, or whose functions it never awaits. */
const SYNCHRONOUS: ReadonlySet<string> = new Set(['error', 'when', 'tx', 'defaultValue', 'catchValue'])

/** A schema or a check. */
interface ZodNode {
  readonly _zod: {
    readonly def: Readonly<Record<string, unknown>>
    readonly innerType?: unknown
  }
}

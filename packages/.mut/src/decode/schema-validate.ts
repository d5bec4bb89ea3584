import { optionError } from '@rxsse/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'

export type Validate = StandardSchemaV1['~standard']['validate']
export type Result = StandardSchemaV1.Result<unknown>

/** The schema's validate function. Throws a `TypeError` that names the option if it has none. */
export function resolveValidate(schema: StandardSchemaV1, option: string): Validate {
  const standard = schema?.['~standard']
  if (typeof standard?.validate !== 'function') {
    throw optionError(option, "a Standard Schema, such as zod's z.object({...})", schema)
  }
  const validate: Validate = (value) => standard.validate(value)
  return isZod(schema) ? createZodValidate(schema, validate) : validate
}

/** What an asynchronous validation needs of a zod schema, version 4. */
interface ZodSchema {
  readonly _zod: {
    run(payload: Payload, context: { readonly async: boolean }): Payload | Promise<Payload>
  }
  safeParseAsync(value: unknown): Promise<{
    readonly data?: unknown
    readonly error?: { readonly issues: readonly StandardSchemaV1.Issue[] }
  }>
}

interface Payload {
  readonly value: unknown
  readonly issues: readonly unknown[]
}

function isZod(schema: object): schema is ZodSchema {
  const { _zod, safeParseAsync } = schema as Partial<ZodSchema>
  return typeof _zod?.run === 'function' && typeof safeParseAsync === 'function'
}

/**
 * zod's own `validate` first tries to validate synchronously. If a refinement is asynchronous it forgets the promise of that try,
 * whose rejection then ends the process. So the first value is validated asynchronously, and if that gives a promise, all are.
 */
function createZodValidate(schema: ZodSchema, validate: Validate): Validate {
  let isAsync: boolean | undefined

  async function describe(value: unknown): Promise<Result> {
    const { data, error } = await schema.safeParseAsync(value)
    return error === undefined ? { value: data } : { issues: error.issues }
  }

  function validateAsync(value: unknown): Result | Promise<Result> {
    const payload = schema._zod.run({ value, issues: [] }, { async: true })
    isAsync = payload instanceof Promise
    if (!(payload instanceof Promise)) {
      return payload.issues.length === 0 ? { value: payload.value } : validate(value)
    }
    return payload.then((settled) =>
      settled.issues.length === 0 ? { value: settled.value } : describe(value),
    )
  }

  return (value) => {
    if (isAsync !== false) return validateAsync(value)
    const result = validate(value)
    if (result instanceof Promise) isAsync = true
    return result
  }
}

import type { StandardSchemaV1 } from '@standard-schema/spec'
import { optionError } from '../option-error.ts'
import { hasUserFunction, isZod, type ZodSchema } from './zod-schema.ts'

/** The function of a Standard Schema that checks a value, and parses it. */
export type Validate = StandardSchemaV1['~standard']['validate']
/** The value as the schema has parsed it, or what is wrong with it. */
export type ValidateResult = StandardSchemaV1.Result<unknown>

/**
 * The schema's validate function. No rejection of a function in a zod schema stays unhandled. Throws a `TypeError` that names the option
 * if the schema has none.
 */
export function resolveValidate(schema: StandardSchemaV1, option: string): Validate {
  const standard = schema?.['~standard']
  if (typeof standard?.validate !== 'function') {
    throw optionError(option, "a Standard Schema, such as zod's z.object({...})", schema)
  }
  const validate: Validate = (value) => standard.validate(value)
  return isZod(schema) && hasUserFunction(schema) ? createZodValidate(schema, validate) : validate
}

/**
 * zod's own `validate` first tries to validate synchronously. If a function of the user's is asynchronous it forgets the promise of
 * that try, whose rejection then ends the process. So a schema with such functions is run in the mode that awaits them. It gives a
 * promise only for a value that meets one.
 */
function createZodValidate(schema: ZodSchema, validate: Validate): Validate {
  async function describe(value: unknown): Promise<ValidateResult> {
    const { data, error } = await schema.safeParseAsync(value)
    return error === undefined ? { value: data } : { issues: error.issues }
  }

  return (value) => {
    const payload = schema._zod.run({ value, issues: [] }, { async: true })
    if (payload instanceof Promise) {
      return payload.then((settled) =>
        settled.issues.length === 0 ? { value: settled.value } : describe(value),
      )
    }
    return payload.issues.length === 0 ? { value: payload.value } : validate(value)
  }
}

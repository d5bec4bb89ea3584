import type { StandardSchemaV1 } from '@standard-schema/spec'

/** A schema with this validate function. */
export function createSchema<T>(
  validate: StandardSchemaV1<unknown, T>['~standard']['validate'],
): StandardSchemaV1<unknown, T> {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

import type { MaybePromise } from './sink/message.ts'

/** As much of the Standard Schema interface (standardschema.dev, version 1) as checking takes. */
export interface StandardSchema<Input = unknown, Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (
      value: unknown,
    ) => MaybePromise<
      | { readonly value: Output; readonly issues?: undefined }
      | { readonly issues: readonly StandardSchemaIssue[] }
    >
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export interface StandardSchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

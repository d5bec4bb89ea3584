// The entry `@rxsse/core/config`: a source from a declarative configuration. It needs `zod`.
export type { SourceConfig, SourceConnection } from './source-config.ts'
export { type SourceOptions, sourceFromConfig } from './source-from-config.ts'

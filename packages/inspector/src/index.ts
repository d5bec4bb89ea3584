export { type InspectOptions, inspect } from './inspect.ts'
export type { InspectableJob, InspectableSink, InspectableStage } from './inspectable.ts'
export {
  type WatchableState,
  type WatchedSource,
  type WatchSourceOptions,
  watchSource,
} from './watch-source.ts'

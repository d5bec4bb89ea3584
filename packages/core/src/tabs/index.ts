// The entry `@rxsse/core/tabs`: one connection for all tabs of an origin.
export { sharedEventSource } from './shared-event-source.ts'
export type {
  SharedEventSourceOptions,
  SharedState,
  SharedWarning,
  TabRole,
} from './shared-options.ts'

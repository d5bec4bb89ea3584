import {
  type ConnectionState,
  type EventSourceOptions,
  fromEventSource,
} from '@rxsse/core'
import {
  type MaybeRefOrGetter,
  onMounted,
  shallowRef,
  toValue,
  watchEffect,
} from 'vue'

/** The data of a stream's newest event, and the state of its connection. */
export function useLatest<T>(
  url: MaybeRefOrGetter<string>,
  options: EventSourceOptions = {},
) {
  const latest = shallowRef<T>()
  const state = shallowRef<ConnectionState>()
  // Not on the server, and not before hydration.
  onMounted(() => {
    watchEffect((onCleanup) => {
      latest.value = undefined
      const subscription = fromEventSource(toValue(url), {
        ...options,
        state: { next: (next) => (state.value = next) },
      }).subscribe({
        next: ({ type, data }) => {
          // A sink's notices of a loss always come, and are no values.
          if (type === 'gap' || type === 'lagged') return
          latest.value = JSON.parse(data)
        },
        error: () => {}, // `state` is `closed` and has the error.
      })
      onCleanup(() => subscription.unsubscribe())
    })
  })
  return { latest, state }
}

import { createApp, createSSRApp, defineComponent, h, ref } from 'vue'
import { useLatest } from './use-latest.ts'

const Price = defineComponent({
  props: { url: { type: String, required: true } },
  setup(props) {
    // biome-ignore lint/correctness/useHookAtTopLevel: a composable of Vue is called in `setup`.
    const { latest, state } = useLatest<{ value: number }>(() => props.url)
    return () => [
      h('p', { id: 'price' }, latest.value?.value ?? 'waiting'),
      h('p', { id: 'state' }, state.value?.status ?? 'not connected'),
    ]
  },
})

const App = defineComponent(() => {
  const url = ref('/a')
  const shown = ref(true)
  return () => [
    h('button', { id: 'switch', onClick: () => (url.value = '/b') }),
    h('button', { id: 'hide', onClick: () => (shown.value = false) }),
    shown.value && h(Price, { url: url.value }),
  ]
})

export const serverApp = () => createSSRApp(App)

if (typeof document !== 'undefined')
  createApp(App).mount(document.body.appendChild(document.createElement('div')))

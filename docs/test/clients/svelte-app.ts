import { mount } from 'svelte'
import App from './SvelteApp.svelte'

mount(App, { target: document.body })

import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { h } from 'vue'
import picture from '../../operators/marbles/reconnect.svg?raw'
import './site.css'

export default {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, {
      'home-hero-actions-after': () => h('pre', { class: 'hero-install' }, 'npm install @rxsse/core rxjs'),
      'home-hero-image': () =>
        h('div', { class: 'hero-picture', innerHTML: picture.replace(/<style>.*<\/style>/, '') }),
    }),
} satisfies Theme

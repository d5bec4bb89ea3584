import { reactRouter } from '@react-router/dev/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [reactRouter()],
  // The sink answers CORS preflights, also in development.
  server: { cors: false },
})

import type { Elysia } from 'elysia'
import { answers } from './answers.ts'
import { prices } from './prices.ts'

export function mount(app: Elysia): Elysia {
  app.all('/live', ({ request }) => prices().fetch(request))
  // `parse: 'none'` leaves the body to `readJson`.
  app.post('/answer', ({ request }) => answers.fetch(request), {
    parse: 'none',
  })
  return app
}

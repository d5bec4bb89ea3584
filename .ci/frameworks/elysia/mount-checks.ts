import type { Elysia } from 'elysia'
import { findEndpoint } from './checks.ts'

export function mountChecks(app: Elysia): Elysia {
  app.all(
    '/check/:name',
    ({ params, request }) => findEndpoint(params.name).fetch(request),
    { parse: 'none' },
  )
  return app
}

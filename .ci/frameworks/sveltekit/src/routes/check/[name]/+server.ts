import { findEndpoint } from '#lib/server/checks.ts'
import type { RequestHandler } from './$types'

export const fallback: RequestHandler = ({ params, request }) =>
  findEndpoint(params.name).fetch(request)

import type { APIRoute } from 'astro'
import { findEndpoint } from '../../lib/checks'

export const ALL: APIRoute = ({ params, request }) =>
  findEndpoint(params.name).fetch(request)

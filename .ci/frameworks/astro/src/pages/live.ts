import type { APIRoute } from 'astro'
import { prices } from '../lib/prices'

export const ALL: APIRoute = ({ request }) => prices().fetch(request)

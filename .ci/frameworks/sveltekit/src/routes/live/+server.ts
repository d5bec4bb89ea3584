import { prices } from '#lib/server/prices.ts'
import type { RequestHandler } from './$types'

export const fallback: RequestHandler = ({ request }) => prices().fetch(request)

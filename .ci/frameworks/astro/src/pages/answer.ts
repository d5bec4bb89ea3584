import type { APIRoute } from 'astro'
import { answers } from '../lib/answers'

export const POST: APIRoute = ({ request }) => answers.fetch(request)

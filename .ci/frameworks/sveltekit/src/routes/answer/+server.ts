import { answers } from '#lib/server/answers.ts'
import type { RequestHandler } from './$types'

export const POST: RequestHandler = ({ request }) => answers.fetch(request)

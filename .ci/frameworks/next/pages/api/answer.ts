import type { NextApiRequest, NextApiResponse } from 'next'
import { answers } from '../../lib/answers'

export const config = { api: { externalResolver: true } }

export default function answer(
  request: NextApiRequest,
  response: NextApiResponse,
) {
  answers.handler(request, response)
}

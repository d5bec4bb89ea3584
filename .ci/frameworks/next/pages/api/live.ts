import type { NextApiRequest, NextApiResponse } from 'next'
import { prices } from '../../lib/prices'

export const config = { api: { externalResolver: true } }

export default function live(
  request: NextApiRequest,
  response: NextApiResponse,
) {
  prices().handler(request, response)
}

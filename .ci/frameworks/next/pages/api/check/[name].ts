import type { NextApiRequest, NextApiResponse } from 'next'
import { findEndpoint } from '../../../lib/checks'

export const config = { api: { externalResolver: true } }

export default function check(
  request: NextApiRequest,
  response: NextApiResponse,
) {
  findEndpoint(String(request.query.name)).handler(request, response)
}

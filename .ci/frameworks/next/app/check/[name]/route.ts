import { findEndpoint } from '../../../lib/checks'

export const dynamic = 'force-dynamic'

async function check(
  request: Request,
  { params }: { params: Promise<{ name: string }> },
) {
  return findEndpoint((await params).name).fetch(request)
}

export const GET = check
export const HEAD = check
export const OPTIONS = check
export const POST = check

import { prices } from '../../lib/prices'

export const dynamic = 'force-dynamic'

const live = (request: Request) => prices().fetch(request)

export const GET = live
export const HEAD = live
export const OPTIONS = live

import { prices } from '../lib/prices'
import type { Route } from './+types/live'

const live = ({ request }: Route.LoaderArgs | Route.ActionArgs) =>
  prices().fetch(request)

export const loader = live
export const action = live

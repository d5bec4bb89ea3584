import { findEndpoint } from '../lib/checks'
import type { Route } from './+types/check'

const check = ({ params, request }: Route.LoaderArgs | Route.ActionArgs) =>
  findEndpoint(params.name).fetch(request)

export const loader = check
export const action = check

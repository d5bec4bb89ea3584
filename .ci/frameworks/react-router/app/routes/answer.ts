import { answers } from '../lib/answers'
import type { Route } from './+types/answer'

export const action = ({ request }: Route.ActionArgs) => answers.fetch(request)

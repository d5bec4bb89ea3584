import { answers } from '../../lib/answers'

export const POST = answers.fetch

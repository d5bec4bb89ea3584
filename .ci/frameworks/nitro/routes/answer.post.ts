import { defineHandler } from 'nitro/h3'
import { answers } from '../lib/answers'

export default defineHandler(answers.h3)

import { defineEventHandler } from 'h3'
import { answers } from '../utils/answers'

export default defineEventHandler(answers.h3)

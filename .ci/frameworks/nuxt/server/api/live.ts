import { defineEventHandler } from 'h3'
import { prices } from '../utils/prices'

export default defineEventHandler((event) => prices().h3(event))

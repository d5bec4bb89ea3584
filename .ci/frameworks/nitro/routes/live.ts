import { defineHandler } from 'nitro/h3'
import { prices } from '../lib/prices'

export default defineHandler((event) => prices().h3(event))

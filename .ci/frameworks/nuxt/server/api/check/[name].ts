import { defineEventHandler, getRouterParam } from 'h3'
import { findEndpoint } from '../../utils/checks'

export default defineEventHandler((event) =>
  findEndpoint(getRouterParam(event, 'name')).h3(event),
)

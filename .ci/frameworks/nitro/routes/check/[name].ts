import { defineHandler, getRouterParam } from 'nitro/h3'
import { findEndpoint } from '../../lib/checks'

export default defineHandler((event) =>
  findEndpoint(getRouterParam(event, 'name')).h3(event),
)

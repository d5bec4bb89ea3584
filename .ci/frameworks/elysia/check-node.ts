// The application of the page, with the endpoints of the checks.
import { node } from '@elysiajs/node'
import { Elysia } from 'elysia'
import { mount } from './app.ts'
import { mountChecks } from './mount-checks.ts'

mountChecks(mount(new Elysia({ adapter: node() }))).listen({
  port: Number(process.env.PORT),
  hostname: '127.0.0.1',
})

// The application of the page, with the endpoints of the checks.
import { Elysia } from 'elysia'
import { mount } from './app.ts'
import { mountChecks } from './mount-checks.ts'

mountChecks(mount(new Elysia({ serve: { idleTimeout: 0 } }))).listen({
  port: Number(process.env.PORT),
  hostname: '127.0.0.1',
})

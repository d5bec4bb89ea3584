import { Elysia } from 'elysia'
import { mount } from './app.ts'

// By default, Bun closes a connection that is silent for 10 seconds.
mount(new Elysia({ serve: { idleTimeout: 0 } })).listen(
  Number(process.env.PORT ?? 3000),
)

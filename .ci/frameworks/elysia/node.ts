import { node } from '@elysiajs/node'
import { Elysia } from 'elysia'
import { mount } from './app.ts'

mount(new Elysia({ adapter: node() })).listen(Number(process.env.PORT ?? 3000))

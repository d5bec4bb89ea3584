import { type Access, createSink, defineEvents, headerRules, readJson, streamTo } from '@rxsse/server'
import express from 'express'
import { jwtVerify } from 'jose'
import { from, map, type Observable, of } from 'rxjs'
import { z } from 'zod'

const sink = createSink()
const prices$ = of({ type: 'price', data: 1 })
const orders$ = of({ type: 'order', data: 1 })
const alerts$ = of({ type: 'alert', data: 1 })
const app = express()
const key = new TextEncoder().encode('a secret of at least thirty-two bytes')
process.env.API_TOKEN = 'secret'
function askModel(question: string): Observable<string> {
  return from(question.split(' '))
}
function mayJoin(user: string | undefined, rooms: readonly string[]): boolean {
  return user !== undefined && rooms.length > 0
}

export type Used = Access
export const used = {
  ...{ defineEvents, headerRules, readJson, streamTo, jwtVerify, map, z },
  ...{ sink, prices$, orders$, alerts$, app, key, askModel, mayJoin },
}

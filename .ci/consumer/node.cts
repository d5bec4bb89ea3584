import core = require('@rxsse/core')

import { data } from '@rxsse/operators'
import { createSink } from '@rxsse/server'
import type { Observable } from 'rxjs'

const texts: Observable<string> = core.fromEventSource('https://example.com/').pipe(data())
// @ts-expect-error The types are there: an `any` would let this pass.
const wrong: Observable<number> = texts
export = { sink: createSink(), texts, wrong }

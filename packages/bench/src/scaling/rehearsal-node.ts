// A node of the rehearsal: a sink without a log that sends one event a second.
import { createSink, serveSinks } from '@rxsse/server'
import { createPriceMessage } from '../server/messages.ts'

const sink = createSink()
const { url } = await serveSinks({ port: 0, sinks: { prices: sink } })
let n = 0
setInterval(() => sink.next(createPriceMessage(n++)), 1_000)
process.once('disconnect', () => process.exit())
process.send?.(`${url}/prices`)

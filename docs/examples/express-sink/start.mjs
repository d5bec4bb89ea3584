import { createSink, memoryLog } from '@rxsse/server'
import express from 'express'
import { interval, map } from 'rxjs'

const sink = createSink({ log: memoryLog({ capacity: 10_000 }), retry: '1s' })
interval(1_000)
  .pipe(map((n) => ({ type: 'tick', data: { n } })))
  .subscribe(sink)

const app = express()
app.all('/live', sink.handler)
app.get('/', (_request, response) => {
  response.type('html').send(`<!doctype html>
    <title>rxsse with Express</title>
    <p>Restart the server: the page reconnects. <output>waiting</output></p>
    <script>
      const output = document.querySelector('output')
      const source = new EventSource('/live')
      source.addEventListener('tick', ({ data }) => {
        output.textContent = data
      })
    </script>`)
})
app.listen(8080, () => console.log('open http://localhost:8080'))

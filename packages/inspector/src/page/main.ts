import type { Sample } from '../sample.ts'
import { formatBytes, formatDuration } from './format.ts'
import { History } from './history.ts'
import { showJobs } from './jobs.ts'
import { showPipelines } from './pipelines.ts'
import { showSinks } from './sinks.ts'
import { showSources } from './sources.ts'

const SECTIONS = {
  sources: showSources,
  pipelines: showPipelines,
  jobs: showJobs,
  sinks: showSinks,
} as const

/** Milliseconds until the next connection if the server has refused one. */
const REFUSED_DELAY = 3_000

const history = new History()
const connection = document.getElementById('connection') as HTMLElement
/** How far the server's clock is ahead of the browser's. */
let ahead = 0

connect()
// The time lines go on while no sample comes.
setInterval(() => show(Date.now() + ahead), 1_000)

/** The page and its events have one URL: the server tells them apart by the `Accept` header. */
function connect(): void {
  const events = new EventSource(location.href)
  events.addEventListener('open', () => showConnection('live', 'open'))
  events.addEventListener('error', () => {
    const isClosed = events.readyState === EventSource.CLOSED
    // A browser gives up after one status other than 200, such as a proxy's 502 while the server restarts.
    if (isClosed) setTimeout(connect, REFUSED_DELAY)
    showConnection(isClosed ? 'refused, trying again' : 'reconnecting', isClosed ? 'closed' : 'waiting')
  })
  events.addEventListener('sample', ({ data }) => {
    const sample: Sample = JSON.parse(data)
    if (sample.process?.pid !== history.latest?.process?.pid) history.clear()
    history.add(sample)
    ahead = sample.time - Date.now()
    show(sample.time)
  })
}

function show(time: number): void {
  const { latest } = history
  if (latest === undefined) return
  showProcess(latest)
  for (const name of Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]) {
    const section = document.getElementById(name) as HTMLElement
    section.hidden = latest[name].length === 0
    SECTIONS[name](section.querySelector('.list') as Element, history, time)
  }
}

function showProcess({ process }: Sample): void {
  const place = document.getElementById('process') as HTMLElement
  if (process === undefined) return
  const cpu = history.rate(({ process }) => process?.cpu) / 10
  const texts = [
    `process ${process.pid}`,
    `up ${formatDuration(process.uptime * 1000)}`,
    `CPU ${cpu.toFixed(cpu < 10 ? 1 : 0)} %`,
    formatBytes(process.memory),
  ]
  place.textContent = texts.join(' · ')
}

function showConnection(text: string, status: string): void {
  connection.textContent = text
  connection.dataset.status = status
}

import { serveOnWorkers } from './program.ts'

await serveOnWorkers(1)

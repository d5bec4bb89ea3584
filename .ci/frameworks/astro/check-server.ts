// The server of the page, with the endpoints of the checks.
import { streams } from './server.ts'
import { findEndpoint } from './src/lib/checks.ts'

for (const name of ['live', 'answer', 'quiet', 'pending', 'flood', 'broken'])
  streams[`/check/${name}`] = (request, response) =>
    findEndpoint(name).handler(request, response)

// Runs the conformance cases of @rxsse/testing with every client: node dist/conformance/main.js [client...]
import { httpCases, runHttpCase } from '@rxsse/testing'
import { CLIENTS } from './clients.ts'

// An error outside of a call, such as for an id that HTTP cannot carry, must not stop the other CLIENTS.
process.on('uncaughtException', (error) => console.error(`  uncaught: ${error.message}`))

const names = process.argv.slice(2)
for (const [name, client] of Object.entries(CLIENTS)) {
  if (names.length > 0 && !names.includes(name)) continue
  const failed: string[] = []
  for (const one of httpCases) {
    const { passed, failures } = await runHttpCase(one, client, { lateness: 1_000 })
    if (!passed) failed.push(`  ${one.id}: ${failures.join('; ')}`)
  }
  console.log(`${name}: ${httpCases.length - failed.length} of ${httpCases.length}`)
  for (const failure of failed) console.log(failure)
}

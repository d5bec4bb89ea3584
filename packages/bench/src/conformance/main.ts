// Runs the conformance cases of @rxsse/testing with every client, and says what each passes: node dist/conformance/main.js [client...]
import { httpCases, runHttpCase } from '@rxsse/testing'
import { clients } from './clients.ts'

// What a client throws on its own account, as for an id that HTTP cannot carry, must not end the others.
process.on('uncaughtException', (error) => console.error(`  uncaught: ${error.message}`))

const names = process.argv.slice(2)
for (const [name, client] of Object.entries(clients)) {
  if (names.length > 0 && !names.includes(name)) continue
  const failed: string[] = []
  for (const one of httpCases) {
    const { passed, failures } = await runHttpCase(one, client, { lateness: 1_000 })
    if (!passed) failed.push(`  ${one.id}: ${failures.join('; ')}`)
  }
  console.log(`${name}: ${httpCases.length - failed.length} of ${httpCases.length}`)
  for (const failure of failed) console.log(failure)
}

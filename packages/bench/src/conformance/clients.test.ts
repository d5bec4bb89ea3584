import { type HttpCase, httpCases, runHttpCase } from '@rxsse/testing'
import { expect, it } from 'vitest'
import { clients } from './clients.ts'

// What each of them passes is in docs/comparison.md. That all pass this one shows that they are set up as they should be.
it.each(Object.entries(clients))('%s resumes after the last id', async (_, client) => {
  const resuming = httpCases.find(({ id }) => id === 'L1') as HttpCase
  const { failures } = await runHttpCase(resuming, client, { patience: 30_000, lateness: 30_000 })
  expect(failures).toEqual([])
})

import { type HttpCase, httpCases, runHttpCase } from '@rxsse/testing'
import { expect, it } from 'vitest'
import { CLIENTS } from './clients.ts'

// docs/comparison.md has the results. That all CLIENTS pass this case shows that they are set up correctly.
it.each(Object.entries(CLIENTS))('%s resumes after the last id', async (_, client) => {
  const resuming = httpCases.find(({ id }) => id === 'L1') as HttpCase
  const { failures } = await runHttpCase(resuming, client, { patience: 30_000, lateness: 30_000 })
  expect(failures).toEqual([])
})

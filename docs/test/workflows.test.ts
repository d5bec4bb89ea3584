import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const read = (path: string) => readFileSync(root + path, 'utf8')
const workflows = globSync('.github/workflows/*.{yml,yaml}', { cwd: root }).map((path) => ({
  path,
  text: read(path),
}))
const release = read('.github/workflows/release.yml')

it('there are workflows to check', () => {
  expect(workflows.length).toBeGreaterThan(0)
})

describe.each(workflows)('$path', ({ text }) => {
  it('pins every action by its full SHA, and names the version', () => {
    const uses = Array.from(text.matchAll(/\buses: *(.*)/g), ([, action = '']) => action)
    expect(uses.length).toBeGreaterThan(0)
    for (const action of uses) expect(action).toMatch(/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  it('gives no permission to jobs that do not ask for it', () => {
    expect(text).toMatch(/^permissions:( \{\}|\n {2}contents: read)\n(?! )/m)
  })

  it('leaves no credentials in the working tree', () => {
    const checkouts = text.split(/\buses: actions\/checkout@.*/).slice(1)
    for (const after of checkouts) expect(after.split(/\n +- /, 1)[0]).toContain('persist-credentials: false')
  })

  it('uses no secret, and puts nothing that a stranger writes into a command', () => {
    expect(text).not.toContain('secrets.')
    expect(text).not.toContain('pull_request_target')
    for (const [command] of text.matchAll(/\brun: .*/g)) expect(command).not.toContain('github.event')
  })
})

describe('the release', () => {
  // A formatter may take the second line for a heading.
  it.each(globSync('.changeset/*.md', { cwd: root }))('reads %s', (path) => {
    expect(read(path)).toMatch(/^---\n("@rxsse\/[a-z]+": (major|minor|patch)\n)+---\n\n\S/)
  })

  const jobs = new Map(
    release
      .slice(release.indexOf('\njobs:'))
      .split(/^ {2}(?=\w+:$)/m)
      .slice(1)
      .map((text) => [text.split(':', 1)[0], text]),
  )

  it('only one job may publish, and it runs no script of a dependency', () => {
    const publishing = Array.from(jobs.entries()).filter(([, text]) => text.includes('id-token: write'))
    expect(publishing.map(([name]) => name)).toEqual(['publish'])
    const installs = Array.from(publishing[0]?.[1].matchAll(/\brun: (.*)/g) ?? [], ([, run]) => run)
    expect(installs.length).toBeGreaterThan(0)
    for (const install of installs) expect(install).toMatch(/^(npm|pnpm) install .*--ignore-scripts$/)
  })

  it('is built from the commit that was tested', () => {
    for (const name of ['prepare', 'publish'])
      expect(jobs.get(name)).toContain(`ref: \${{ github.event.workflow_run.head_sha }}`)
  })

  it('installs exact versions of tools', () => {
    expect(release).not.toContain('npx')
    for (const [, version] of release.matchAll(/--global pnpm@(\S+)/g))
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    for (const [, version] of release.matchAll(/node-version: (.*)/g))
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  })
})

describe('the settings of pnpm', () => {
  const settings = read('pnpm-workspace.yaml')

  it('leave out versions younger than three days, without an exception', () => {
    expect(Number(/^minimumReleaseAge: (\d+)$/m.exec(settings)?.[1])).toBeGreaterThanOrEqual(3 * 24 * 60)
    expect(settings).not.toContain('minimumReleaseAgeExclude')
    expect(settings).not.toContain('dangerouslyAllowAllBuilds')
  })
})

import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromiumFlags, chromiumPath } from '@rxsse/testing/programs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type StartedDemo, startDemo } from './started-demo.ts'

const executablePath = chromiumPath()
const screenshots = fileURLToPath(new URL('../.results/', import.meta.url))

describe.skipIf(executablePath === undefined)('the page in Chromium', () => {
  let browser: Browser
  let demo: StartedDemo
  const problems: string[] = []

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true })
    demo = await startDemo()
    browser = await chromium.launch({
      executablePath: executablePath as string,
      args: [...chromiumFlags],
    })
  })

  afterAll(async () => {
    await browser?.close()
    await demo?.[Symbol.asyncDispose]()
  })

  async function open(colorScheme: 'light' | 'dark', width: number, height: number): Promise<Page> {
    const page = await browser.newPage({ colorScheme, viewport: { width, height } })
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(`${demo.url}/`)) problems.push(`requested another host: ${request.url()}`)
    })
    await page.goto(demo.url)
    await page.waitForSelector('#downstream[data-status=open]')
    return page
  }

  const count = async (page: Page, name: string): Promise<number> =>
    Number((await page.textContent(`#count-${name}`))?.replaceAll(',', ''))

  it('shows live results and connections in light mode, dark mode and on a phone', async () => {
    for (const [name, scheme, width, height] of [
      ['light', 'light', 1280, 1000],
      ['dark', 'dark', 1280, 1000],
      ['phone', 'light', 390, 844],
    ] as const) {
      const page = await open(scheme, width, height)
      for (const list of ['strongest', 'moves', 'alerts']) await page.waitForSelector(`#${list} li`)
      expect(await count(page, 'in')).toBeGreaterThan(0)
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      ).toBeLessThanOrEqual(0)
      await page.screenshot({ path: `${screenshots}page-${name}.png`, fullPage: true })
      await page.close()
    }
    expect(problems).toEqual([])
  })

  it('shows the source reconnecting after the feed is killed, without lost events', async () => {
    const page = await open('light', 1280, 1000)
    const before = await count(page, 'in')
    process.kill(demo.processes.get('The feed') as number, 'SIGKILL')
    await page.waitForFunction(() => {
      const upstream = document.getElementById('upstream')
      return upstream?.dataset.status === 'waiting' && /^waiting \d+\.\d s$/.test(upstream.textContent)
    })
    await page.waitForSelector('#upstream[data-status=open]')
    // The events that were on their way when the feed was killed count before the source resumes.
    await page.waitForFunction((n) => {
      const count = (name: string) =>
        Number(document.getElementById(`count-${name}`)?.textContent?.replaceAll(',', ''))
      return count('resumed') > 0 && count('in') > n
    }, before)
    expect(await count(page, 'missed')).toBe(0)
    expect(await count(page, 'repeated')).toBe(0)
    await page.close()
  })

  it('shows the restore after the pipeline is killed, and the same counts go on', async () => {
    const page = await open('light', 1280, 1000)
    await page.waitForFunction(() => document.getElementById('job')?.textContent?.includes('saved'))
    const before = await count(page, 'in')
    await demo.killProcess('The pipeline')
    await page.waitForSelector('#job[data-restored=true]')
    expect(await page.textContent('#job')).toMatch(
      new RegExp(
        `^Restored from snapshot \\d+ \\(.* old\\) by process ${demo.processes.get('The pipeline')}, `,
      ),
    )
    await page.waitForSelector('#downstream[data-status=open]')
    await page.waitForFunction(
      (n) => Number(document.getElementById('count-in')?.textContent?.replaceAll(',', '')) > n,
      before,
    )
    expect(await count(page, 'missed')).toBe(0)
    expect(await count(page, 'repeated')).toBe(0)
    await page.screenshot({ path: `${screenshots}page-restored.png`, fullPage: true })
    await page.close()
  })
})

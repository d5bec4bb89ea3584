// Builds a small application for each framework with packed tarballs, runs it, and checks how the framework mounts a
// sink and a `streamTo`.
//
//   pnpm frameworks [--on next,astro] [--modes production] [--in folder]
//
// `--in` installs the applications there and keeps them. Every other run starts from nothing.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { apps } from './frameworks/apps.mjs'
import { checks } from './frameworks/checks.mjs'
import { leaveAll, open, sleep, until } from './frameworks/client.mjs'
import { known } from './frameworks/known.mjs'
import { exitOnSignal, temporaryFolder } from './temporary-folder.mjs'

const { values } = parseArgs({
  options: { on: { type: 'string' }, modes: { type: 'string' }, in: { type: 'string' } },
})
const on = values.on?.split(',')
const modes = values.modes?.split(',')
const wanted = apps.filter(({ name }) => !on || on.includes(name))
if (wanted.length === 0) throw new Error(`--on: the applications are ${apps.map(({ name }) => name)}`)

const folder = values.in === undefined ? temporaryFolder('frameworks') : resolve(values.in)
const running = new Set()
process.once('exit', () => {
  for (const child of running) kill(child, 'SIGKILL')
})
exitOnSignal()

const SHUTDOWN = 'SIGTERM ends the streams properly, and the process exits'
const tarballs = pack()
let wrong = 0
for (const app of wanted) {
  const place = join(folder, app.name)
  install(app, place)
  if (app.build !== undefined) run(app.build, place)
  for (const [mode, command] of Object.entries(app.modes))
    if (!modes || modes.includes(mode)) wrong += await checkMode(app, mode, command, place)
}
process.exitCode = wrong === 0 ? 0 : 1

/** Packs the server and what it depends on, as npm would publish them. */
function pack() {
  mkdirSync(folder, { recursive: true })
  const output = execFileSync(
    'pnpm',
    [
      '--recursive',
      '--filter=@rxsse/server',
      '--filter=@rxsse/shared',
      'pack',
      '--json',
      '--pack-destination',
      folder,
    ],
    { encoding: 'utf8' },
  )
  return Object.fromEntries(JSON.parse(output).map(({ name, filename }) => [name, `file:${filename}`]))
}

function install({ name, folder: source = name, versions = {}, library }, place) {
  const from = new URL('frameworks/', import.meta.url)
  cpSync(new URL(`${source}/`, from), place, { recursive: true })
  cpSync(new URL('shared/', from), join(place, library), { recursive: true })
  const manifest = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'))
  Object.assign(manifest.dependencies, versions, tarballs)
  writeFileSync(join(place, 'package.json'), JSON.stringify(manifest, undefined, 2))
  const settings = readFileSync('pnpm-workspace.yaml', 'utf8').match(/^minimumReleaseAge: .*$/m)?.[0] ?? ''
  writeFileSync(
    join(place, 'pnpm-workspace.yaml'),
    `${settings}
nodeLinker: hoisted
strictDepBuilds: false
allowBuilds: { bun: true }
overrides: ${JSON.stringify({ '@rxsse/shared': tarballs['@rxsse/shared'] })}
`,
  )
  run('pnpm install --no-frozen-lockfile --prefer-offline --reporter=default', place)
}

async function checkMode({ name, paths = { '': '' }, withChecks = {} }, mode, command, place) {
  let wrong = 0
  for (const [label, path] of Object.entries(paths)) {
    const title = [name, label, mode].filter((part) => part !== '').join(', ')
    console.log(title)
    wrong += await withProgram(
      title,
      withChecks[mode] ?? command,
      place,
      `${path}/check/live`,
      checkEndpoints(title, path),
    )
    wrong += await withProgram(title, command, place, `${path}/live`, checkPage(title, path, mode))
  }
  return wrong
}

/** Starts the program, and calls `check` when it serves `path`. Returns the number of wrong results. */
async function withProgram(title, command, place, path, check) {
  const [port, controlPort] = [await freePort(), await freePort()]
  const child = start(command, place, port, controlPort)
  try {
    await waitUntilServed(child, `http://127.0.0.1:${port}${path}`)
    const wrong = await check(`http://127.0.0.1:${port}`, child, controlPort)
    if (wrong > 0) console.log(child.output())
    return wrong
  } catch (error) {
    console.log(`  FAILED  ${title}: ${error.message}\n${child.output()}`)
    return 1
  } finally {
    await stop(child)
  }
}

function checkEndpoints(title, path) {
  return async (origin, _, controlPort) => {
    const control = (where = '/stats') => ask(`http://127.0.0.1:${controlPort}${where}`)
    let wrong = 0
    for (const [check, runCheck] of Object.entries(checks))
      if (!(await report(title, check, () => runCheck(`${origin}${path}/check`, control)))) wrong++
    return wrong
  }
}

/** The endpoints whose code is on the framework's page. */
function checkPage(title, path, mode) {
  return async (origin, child) => {
    const url = `${origin}${path}`
    let wrong = 0
    if (!(await report(title, 'the code of the page runs', () => requestPage(url)))) wrong++
    if (mode !== 'development' && !(await report(title, SHUTDOWN, () => checkShutdown(child, url)))) wrong++
    return wrong
  }
}

/** Runs a check, and prints its result. Returns whether it is the expected one. */
async function report(title, check, runCheck) {
  const reason = known.find((one) => one.on.test(title) && one.check === check)?.why
  try {
    await runCheck()
    console.log(reason === undefined ? `  ok      ${check}` : `  passes  ${check}, but known.mjs lists it`)
    return reason === undefined
  } catch (error) {
    console.log(
      reason === undefined ? `  FAILED  ${check}: ${error.message}` : `  known   ${check}: ${reason}`,
    )
    return reason !== undefined
  } finally {
    leaveAll()
    await sleep(100)
  }
}

async function requestPage(url) {
  const live = await open(`${url}/live`)
  await until('a price', () => live.text().includes('"symbol":"A"'))
  live.leave()
  const answer = await open(`${url}/answer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"question":"a b"}',
  })
  await until('the end of the answer', () => answer.ended())
  const events =
    'event: delta\ndata: {"text":"a"}\n\nevent: delta\ndata: {"text":"b"}\n\nevent: done\ndata: {}\n\n'
  if (!answer.text().endsWith(events)) throw new Error(`the answer is ${JSON.stringify(answer.text())}`)
}

async function checkShutdown(child, url) {
  const client = await open(`${url}/live`)
  await until('a price', () => client.text().includes('"symbol":"A"'))
  child.kill('SIGTERM')
  await until('the end of the body', () => client.ended())
  if (client.ended() !== 'end') throw new Error('the body is cut')
  await until('the exit of the process', () => child.exitCode !== null || child.signalCode !== null)
}

async function ask(url) {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the control server answered ${await response.text()}`)
  return await response.json()
}

function run(command, cwd) {
  execFileSync('sh', ['-c', command], { cwd, env: environment(cwd), stdio: ['ignore', 'inherit', 'inherit'] })
}

function start(command, cwd, port, controlPort) {
  const child = spawn('sh', ['-c', `exec ${command}`], {
    cwd,
    env: { ...environment(cwd), PORT: `${port}`, HOST: '127.0.0.1', CHECK_PORT: `${controlPort}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, because development servers start processes of their own.
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-20_000)
    })
  running.add(child)
  child.output = () => output
  child.exited = new Promise((resolve) => child.once('exit', resolve))
  return child
}

function environment(place) {
  const telemetry = ['NEXT', 'ASTRO', 'NUXT'].map((name) => [`${name}_TELEMETRY_DISABLED`, '1'])
  const bin = join(place, 'node_modules/.bin')
  return { ...process.env, ...Object.fromEntries(telemetry), PATH: `${bin}:${process.env.PATH}` }
}

async function waitUntilServed(child, url) {
  const limit = Date.now() + 120_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it exited with ${child.exitCode}`)
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(60_000) }).catch(() => {})
    if (response?.ok) return
    if (Date.now() > limit) throw new Error(`it does not serve ${url}: ${response?.status}`)
    await sleep(200)
  }
}

async function stop(child) {
  kill(child, 'SIGTERM')
  await Promise.race([child.exited, sleep(5_000)])
  kill(child, 'SIGKILL')
  running.delete(child)
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It has exited.
  }
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

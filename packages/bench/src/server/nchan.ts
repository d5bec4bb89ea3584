import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@rxsse/testing/programs'
import type { Broadcaster } from './contenders.ts'
import type { PriceMessage } from './messages.ts'

const NGINX = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path))
const MODULE_FOLDERS = ['/usr/lib/nginx/modules', '/usr/share/nginx/modules', '/usr/lib64/nginx/modules']
const MODULE = MODULE_FOLDERS.map((folder) => `${folder}/ngx_nchan_module.so`).find((path) =>
  existsSync(path),
)

/** nchan, a pub/sub module in C for nginx. Its single worker is measured. Undefined if it is not installed. */
export const nchan: (() => Promise<Broadcaster>) | undefined =
  NGINX === undefined || MODULE === undefined ? undefined : () => start(NGINX, MODULE)

async function start(nginx: string, module: string): Promise<Broadcaster> {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-nchan-'))
  const port = await freePort()
  writeFileSync(join(folder, 'nginx.conf'), createConfiguration(folder, module, port))
  const master = spawn(nginx, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'inherit' })
  // Cleans up after a failed measurement too.
  process.once('exit', () => {
    master.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  const worker = await findWorker(master)
  const publisher = await connectTo(port)
  publisher.resume()
  return {
    url: `http://127.0.0.1:${port}/sub`,
    send: (messages) => void publisher.write(messages.map(createRequest).join('')),
    cpuUsage: () => readCpuUsage(worker),
    async stop() {
      publisher.destroy()
      const exit = once(master, 'exit')
      master.kill('SIGTERM')
      await exit
    },
  }
}

function createConfiguration(folder: string, module: string, port: number): string {
  const asRoot = process.getuid?.() === 0 ? 'user root;' : ''
  return `
    load_module ${module};
    daemon off;
    ${asRoot}
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log stderr crit;
    events { worker_connections 8192; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      keepalive_requests 1000000000;
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location = /pub { nchan_publisher http; nchan_channel_id prices; }
        location = /sub {
          nchan_subscriber eventsource;
          nchan_channel_id prices;
          nchan_subscriber_first_message newest;
        }
      }
    }
  `
}

function createRequest({ type, data }: PriceMessage): string {
  const body = JSON.stringify(data)
  const head = `POST /pub HTTP/1.1\r\nHost: localhost\r\nX-EventSource-Event: ${type}\r\n`
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Reads the CPU time of all threads in nanoseconds. It does not tell user time from system time. */
function readCpuUsage(pid: number): NodeJS.CpuUsage {
  const [nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')
  return { user: Number(nanoseconds) / 1_000, system: 0 }
}

async function findWorker({ pid, exitCode }: ChildProcess): Promise<number> {
  for (let turn = 0; turn < 200; turn++) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    if (children !== '') return Number(children.split(' ')[0])
    await sleep(25)
  }
  throw new Error(`nginx started no worker; its exit code is ${exitCode}`)
}

async function connectTo(port: number): Promise<ReturnType<typeof connect>> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

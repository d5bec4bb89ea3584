import { findProgram } from './find-program.ts'

/**
 * The path of `nginx`: `NGINX_PATH` if it is set, or else one on the PATH or in a usual folder. Returns undefined or
 * throws in the same cases as `chromiumPath`.
 */
export function nginxPath(): string | undefined {
  return findProgram({
    what: 'nginx',
    variable: 'NGINX_PATH',
    names: ['nginx'],
    places: ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/local/bin/nginx', '/opt/homebrew/bin/nginx'],
  })
}

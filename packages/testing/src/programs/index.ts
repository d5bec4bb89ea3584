export { chromiumFlags, chromiumPath } from './chromium.ts'
export { freePort } from './free-port.ts'
export { nginxPath } from './nginx.ts'
export {
  type RedisServer,
  type RedisServerOptions,
  redisServerPath,
  startRedisServer,
} from './redis-server.ts'
export { onSmallDisk } from './small-disk.ts'

export type { Duration } from './duration.ts'
export { RedisLogError, type RedisLogErrorCode } from './errors.ts'
export { redisLog } from './redis-log.ts'
export type { RedisLogClient, RedisLogOptions } from './redis-log-options.ts'

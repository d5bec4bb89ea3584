// The entry for Node. What only Node has is added to what every platform has.
export { type FileCheckpoint, fileCheckpoint } from './checkpoint/file-checkpoint.ts'
export { type UndiciTransportOptions, undiciTransport } from './transport/undici.ts'
export * from './web.ts'

export { type ToRecordBatchesOptions, toRecordBatches } from './to-record-batches.ts'

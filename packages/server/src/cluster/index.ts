export { type ClusterLog, type ClusterLogOptions, clusterLog } from './cluster-log.ts'
export { ClusterError, type ClusterErrorCode } from './errors.ts'

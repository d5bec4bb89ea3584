export { type DisconnectConstraints, disconnectSchedule } from './arbitraries/disconnects.ts'
export { sseMessage } from './arbitraries/messages.ts'
export { chunking, eventStream } from './arbitraries/streams.ts'
export { type EventStreamCase, eventStreamCases } from './conformance/event-stream-cases.ts'
export {
  type HttpCase,
  type HttpCaseExpectation,
  type HttpCaseOptions,
  type HttpRequestExpectation,
  httpCases,
} from './conformance/http-cases.ts'
export type { HttpCaseObservation } from './conformance/judge-http-case.ts'
export {
  type HttpCaseResult,
  type HttpCaseRunOptions,
  type HttpClient,
  type HttpClientObserver,
  type HttpClientRequest,
  runHttpCase,
} from './conformance/run-http-case.ts'
export {
  type SnapshotPlace,
  type SnapshotStoreLaw,
  type SnapshotStoreLawsOptions,
  type StoredPart,
  snapshotStoreLaws,
} from './conformance/snapshot-store-laws.ts'
export { type CheckAggregateOptions, type CheckedAggregate, checkAggregate } from './laws/check-aggregate.ts'
export { referenceEncode, type WireMessage } from './reference/encode.ts'
export { referenceEvents } from './reference/events.ts'
export { type Interpretation, referenceParse } from './reference/parse.ts'
export {
  type Direction,
  type Fault,
  type FaultPlan,
  type RandomFaultOptions,
  randomFaults,
} from './servers/fault-proxy/fault.ts'
export {
  createFaultProxy,
  type FaultProxy,
  type FaultProxyOptions,
  type ProxiedConnection,
} from './servers/fault-proxy/fault-proxy.ts'
export type { Http2ErrorCode } from './servers/http2/frames.ts'
export type {
  Http2Head,
  Http2RecordedRequest,
  Http2Script,
  Http2Step,
  Http2Steps,
} from './servers/http2/script.ts'
export {
  createScriptedHttp2Server,
  type ScriptedHttp2Server,
  type ScriptedHttp2ServerOptions,
} from './servers/http2/scripted-http2-server.ts'
export {
  createResumingFeed,
  type Disconnect,
  type ResumingFeedOptions,
} from './servers/resuming-feed/resuming-feed.ts'
export {
  type LateHeadOptions,
  type PollingOptions,
  type ResetOptions,
  type Scenario,
  type Scenarios,
  scenarios,
} from './servers/scenarios.ts'
export type { ClosedBy, RecordedRequest } from './servers/scripted/recorded-request.ts'
export type {
  Attempt,
  Framing,
  RawAttempt,
  ResponseAttempt,
  Script,
  Step,
  Steps,
} from './servers/scripted/script.ts'
export {
  createScriptedServer,
  type ScriptedServer,
  type ScriptedServerOptions,
} from './servers/scripted/scripted-server.ts'
export { testCertificate } from './servers/scripted/test-certificate.ts'

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
export { referenceEncode, type WireMessage } from './reference/encode.ts'
export { type Interpretation, referenceParse } from './reference/parse.ts'
export type { ClosedBy, RecordedRequest } from './scripted-server/recorded-request.ts'
export type {
  Attempt,
  Framing,
  RawAttempt,
  ResponseAttempt,
  Script,
  Step,
  Steps,
} from './scripted-server/script.ts'
export {
  createScriptedServer,
  type ScriptedServer,
  type ScriptedServerOptions,
} from './scripted-server/scripted-server.ts'
export { testCertificate } from './scripted-server/test-certificate.ts'

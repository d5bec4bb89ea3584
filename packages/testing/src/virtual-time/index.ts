export { type OperatorLaw, type OperatorLawsOptions, operatorLaws } from './operator-laws.ts'
export { type Notification, type RunVirtualOptions, runVirtual, type ScriptStep } from './run-virtual.ts'
export { VirtualClock } from './virtual-clock.ts'

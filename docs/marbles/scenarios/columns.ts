import { toRecordBatches } from '@rxsse/operators/arrow'
import { Field, Float64, Schema } from 'apache-arrow'
import { type AnyScenario, scenario } from '../scenario.ts'

const schema = new Schema([new Field('price', new Float64())])

export const columnScenarios: Readonly<Record<string, AnyScenario>> = {
  'to-record-batches': scenario({
    call: "toRecordBatches({ schema, maxRows: 3, maxWait: '2s' })",
    alt: 'Three rows make a batch at once; two that follow make one when two seconds have passed since the first of them.',
    until: 10,
    completes: 9.5,
    source: [
      [0.7, { price: 1 }],
      [1.5, { price: 2 }],
      [2.3, { price: 3 }],
      [3.8, { price: 4 }],
      [4.8, { price: 5 }],
      [8.5, { price: 6 }],
    ],
    show: ({ price }) => ({ text: `${price}`, tone: 1 }),
    operate: (source, { scheduler }) =>
      source.pipe(toRecordBatches({ schema, maxRows: 3, maxWait: '2s', scheduler })),
    showOut: (batch) => ({
      text: `RecordBatch\nprice: ${[...(batch.getChild('price') ?? [])].join(', ')}`,
      tone: 2,
    }),
  }),
}

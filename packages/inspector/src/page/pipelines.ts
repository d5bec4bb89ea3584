import type { PipelineSample, Sample, StageSample } from '../sample.ts'
import { element, heading, keepChildren, part, setText } from './elements.ts'
import { formatCount, formatDuration, formatRate } from './format.ts'
import type { History } from './history.ts'
import { createSparkline, drawSparkline } from './sparkline.ts'

/** Counts that need attention, so they are shown only if they are not 0. */
const PROBLEMS = ['late', 'dropped', 'rejected'] as const

/** Shows each pipeline as a row of boxes, from the top down. */
export function showPipelines(list: Element, history: History): void {
  const pipelines = history.latest?.pipelines ?? []
  const cards = keepChildren(
    list,
    pipelines.map(({ name }) => name),
    createCard,
  )
  for (const [n, pipeline] of pipelines.entries()) update(cards[n] as Element, pipeline, history)
}

function createCard(name: string): Element {
  return element('article', 'card', heading('h3', name), element('ol', 'stages'))
}

function update(card: Element, pipeline: PipelineSample, history: History): void {
  // Two stages may have one name.
  const keys = pipeline.stages.map(({ name }, n) => `${n} ${name}`)
  const boxes = keepChildren(card.querySelector('ol') as Element, keys, createBox)
  for (const [n, stage] of pipeline.stages.entries()) {
    const read = (sample: Sample): StageSample | undefined =>
      sample.pipelines.find(({ name }) => name === pipeline.name)?.stages[n]
    updateBox(boxes[n] as Element, stage, read, history)
  }
}

function createBox(key: string): Element {
  return element(
    'li',
    'stage',
    part('span', 'rate', 'arrow'),
    element(
      'div',
      'box',
      heading('h4', key.slice(key.indexOf(' ') + 1)),
      createSparkline('events a second, over the last minutes') as unknown as HTMLElement,
      element(
        'dl',
        '',
        ...['in', 'out', 'buffered', 'keys', ...PROBLEMS, 'behind'].map((name) => {
          const row = element('div', '', element('dt', '', name), part('dd', name))
          row.dataset.row = name
          return row
        }),
      ),
    ),
  )
}

function updateBox(
  box: Element,
  stage: StageSample,
  read: (sample: Sample) => StageSample | undefined,
  history: History,
): void {
  setText(box, 'rate', formatRate(history.rate((sample) => read(sample)?.in)))
  const showRow = (name: string, text: string, isShown: boolean): void => {
    const row = box.querySelector<HTMLElement>(`[data-row="${name}"]`) as HTMLElement
    row.hidden = !isShown
    setText(box, name, text)
  }
  showRow('in', formatCount(stage.in), true)
  showRow('out', formatCount(stage.out), true)
  showRow('buffered', formatCount(stage.buffered), stage.buffered > 0)
  showRow('keys', formatCount(stage.keys), stage.keys > 0)
  for (const problem of PROBLEMS) showRow(problem, formatCount(stage[problem]), stage[problem] > 0)
  const { watermarkLag } = stage
  showRow('behind', formatDuration(watermarkLag ?? 0), watermarkLag !== undefined)
  drawSparkline(
    box,
    history.rates((sample) => read(sample)?.in),
    history.latest?.time ?? 0,
  )
}

import { readJson, streamTo } from '@rxsse/server'

const toDelta = (text: string) => ({ type: 'delta', data: { text } })

export const answers = streamTo(
  async (request) => {
    const { question } = (await readJson(request)) as { question: string }
    return [...question.split(' ').map(toDelta), { type: 'done', data: {} }]
  },
  { methods: ['POST'], head: 'first-event' },
)

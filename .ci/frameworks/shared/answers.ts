import { readJson, streamTo } from '@rxsse/server'

export const answers = streamTo(
  async (request) => {
    const { question } = (await readJson(request)) as { question: string }
    return question.split(' ').map((token) => ({ type: 'token', data: token }))
  },
  { methods: ['POST'], head: 'first-event' },
)

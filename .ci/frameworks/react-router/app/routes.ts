import { index, type RouteConfig, route } from '@react-router/dev/routes'

export default [
  index('routes/home.tsx'),
  route('live', 'routes/live.ts'),
  route('answer', 'routes/answer.ts'),
  route('check/:name', 'routes/check.ts'),
] satisfies RouteConfig

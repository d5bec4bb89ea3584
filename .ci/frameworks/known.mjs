const VITE_ENDS_BODIES = 'the development server ends a body properly when its stream fails'

/** Checks that a framework fails, with the reason. The framework's page says so too. */
export const known = [
  {
    on: /^(react-router|astro), development$/,
    check: 'an error after the head cuts the body',
    why: VITE_ENDS_BODIES,
  },
  {
    on: /^(react-router|astro), development$/,
    check: 'close of a streamTo cuts what it still sends',
    why: VITE_ENDS_BODIES,
  },
  {
    on: /^astro, (production|development)$/,
    check: 'a pipeline is pulled at the pace of its client, and returned when it leaves',
    why: 'Astro writes a body as fast as it comes; use a server of your own',
  },
  {
    on: /^astro, (production|development)$/,
    check: 'a client that does not read misses messages, and the process does not hold them',
    why: 'Astro writes a body as fast as it comes; use a server of your own',
  },
  {
    on: /^nitro, development$/,
    check: 'a client that leaves before the head is seen: in access, and in a pipeline',
    why: 'the development server is a proxy that waits for the head',
  },
]

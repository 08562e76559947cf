/** What the programs that projects are started with do, as far as their name makes it certain. */

/** Serves pages to a browser. */
export function servesPages(command: string): boolean {
  return /\b(?:vite(?! (?:build|preview))|next (?:dev|start)|nuxt|react-scripts start|webpack(?:-dev-server| serve)|astro dev|ng serve|vue-cli-service serve|remix (?:dev|vite:dev)|gatsby develop|parcel(?! build)|storybook|http-server|live-server|svelte-kit dev)\b/.test(
    command,
  )
}

/** Stays up. What is not known here may stay up too. */
export function staysUp(command: string): boolean {
  return (
    servesPages(command) ||
    /(?:^|\s)--watch(?:-path)?\b|\b(?:nodemon|ts-node-dev|tsx watch|nest start|fastify start|wrangler dev|json-server|nf start|expo start|uvicorn|gunicorn|hypercorn|daphne|runserver|celery|sidekiq|puma|rails s(?:erver)?|flask run|php -S)\b/.test(
      command,
    )
  )
}

/** The port that a tool takes where it is told none. Only tools that keep to it, or that obey `PORT`. */
export function usualPort(
  command: string,
): { readonly port: number; readonly tool: string; readonly obeysPort: boolean } | undefined {
  if (!/^(?:npx |\.\/node_modules\/\.bin\/)?[\w./-]+(?: [^&|;]*)?$/.test(command)) return undefined
  const words = command.replace(/^npx |^\.\/node_modules\/\.bin\//, '')
  if (/^vite(?: dev| serve| -.*)?$/.test(words)) return { port: 5173, tool: 'vite', obeysPort: false }
  if (/^next (?:dev|start)\b/.test(words)) return { port: 3000, tool: 'next', obeysPort: true }
  if (/^react-scripts start\b/.test(words)) return { port: 3000, tool: 'react-scripts', obeysPort: true }
  return undefined
}

/** What is run, without how: `nodemon server.js`, `node --watch server.js` and `node server.js` are the same program. */
export function programOf(command: string): string {
  const words = command
    .trim()
    .replaceAll(/(?:^|\s)(?:[A-Z_]+=\S*\s+)+/g, ' ')
    .trim()
    .split(/\s+/)
  const rest = words.filter((word, index) => !word.startsWith('-') && !(index === 0 && runners.has(word)))
  if (words[0] === 'tsx' && rest[0] === 'watch') rest.shift()
  return rest.join(' ')
}

const runners = new Set(['node', 'nodemon', 'tsx', 'ts-node', 'ts-node-dev', 'bun'])

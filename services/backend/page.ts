import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ProblemError } from '../../lib/problem.ts'
import { messages, problems } from './messages.ts'

/** What the page may do; web/vite.config.ts has the same for the dev server, with a nonce for what Vite puts inline. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; frame-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The frame in which diagrams are drawn: it may write styles, and reach nobody. */
const framePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"

const documentHeaders = {
  'content-security-policy': policy,
  // Nothing else of a browser's powers is asked for.
  'permissions-policy': 'microphone=(self), camera=(), geolocation=(), payment=(), usb=()',
}
const frameHeaders = {
  'content-security-policy': framePolicy,
  'x-frame-options': 'SAMEORIGIN',
  'permissions-policy': 'microphone=(), camera=(), geolocation=(), payment=(), usb=()',
}

/** Addresses of the page's own, which are all the one document. */
const views = ['/', '/rooms/*', '/models', '/system', '/admin', '/profile', '/transcript', '/login']
/** What other programs ask for: a page would be no answer. */
const notViews = /^\/(api|v1|files|assets)(\/|$)/

/**
 * The built page. `folder` undefined: there is none, as beside a dev server. What the build compressed is sent so (`.br` and
 * `.gz` beside the files).
 */
export async function pageRoutes(
  app: FastifyInstance,
  folder: string | undefined,
  devPort: string | undefined,
): Promise<void> {
  if (folder === undefined) {
    app.get('/', async (_request, reply) =>
      reply.type('text/plain; charset=utf-8').send(messages.pageElsewhere(devPort)),
    )
    return
  }
  const root = resolve(folder)
  await app.register(fastifyStatic, {
    root,
    index: false,
    dotfiles: 'ignore',
    preCompressed: true,
    // They are other forms of a file, and none by themselves.
    allowedPath: path => !/\.(br|gz)$/.test(path),
    cacheControl: false,
    setHeaders: (reply, path) => {
      const isHashed = path.startsWith(join(root, 'assets/'))
      void reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      const name = basename(path).replace(/\.(br|gz)$/, '')
      if (name === 'mermaid.html') void reply.headers(frameHeaders)
      else if (name.endsWith('.html')) void reply.headers(documentHeaders)
    },
  })
  for (const view of views) app.get(view, async (_request, reply) => await reply.sendFile('index.html'))
}

/** Throws a ProblemError for a folder that holds no page, as after a build that failed: before anything else is opened. */
export function checkPage(folder: string | undefined): void {
  if (folder !== undefined && !existsSync(join(folder, 'index.html')))
    throw new ProblemError(problems.noPage(resolve(folder)))
}

/** Whether the page's files refuse an address for its form: a folder, one that leads out of them, `//x`, `/%00`. */
export function isNoFile(request: FastifyRequest, { statusCode }: Partial<FastifyError>): boolean {
  return request.routeOptions.url === '/*' && (statusCode === 403 || statusCode === 400)
}

/** For an address that is none: the page says so to a person who went there. Undefined: it is no person, or there is no page. */
export function lostPage(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const { method, headers, url } = request
  const isVisit = (method === 'GET' || method === 'HEAD') && headers.accept?.includes('text/html') === true
  if (!isVisit || notViews.test(url) || !request.server.hasReplyDecorator('sendFile')) return undefined
  return reply.code(404).sendFile('index.html')
}

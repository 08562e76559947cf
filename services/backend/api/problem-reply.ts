import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ProblemError, type Problem } from '../../../lib/problem.ts'
import type { ApiProblem } from '../../chat/protocol.ts'
import { TooManyTries } from '../../chat/users/accounts.ts'
import { apiProblems, log } from '../messages.ts'
import { openAiError } from '../openai/error.ts'
import { isNoFile, lostPage } from '../page.ts'
import { Refusal } from './refusal.ts'

const type = 'application/problem+json; charset=utf-8'

/** Statuses of what the rooms, users and agents themselves refuse by a `ProblemError`; any other code is a 400. */
const statuses: Readonly<Record<string, number>> = {
  no_such_room: 404,
  no_such_agent: 404,
  room_exists: 409,
  room_archived: 409,
  room_changes: 409,
  room_not_plain: 409,
  room_unreadable: 409,
  room_too_big: 409,
  disk_full: 507,
  conflict: 409,
  no_agent: 409,
  agent_shipped: 409,
  wrong_login: 401,
  wrong_password: 403,
  too_many_tries: 429,
  busy: 503,
  bad_token: 410,
  no_such_user: 404,
  no_such_key: 404,
  no_such_session: 404,
  no_such_invitation: 404,
  name_taken: 409,
  name_reserved: 409,
  last_admin: 409,
  local_user: 409,
  no_password: 409,
  disabled: 409,
  too_many_keys: 409,
  offline: 409,
  bad_models_file: 409,
  not_writable: 507,
}

/** Every refusal of the server becomes problem details (RFC 9457), and says nothing about its insides. */
export function problemReplies(app: FastifyInstance, print: (line: string) => void): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (isNoFile(request, error)) return nothingThere(request, reply)
    if (!isExpected(error)) print(log.failed(request.method, pathOf(request), error))
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
      const limit = `${Math.round(request.routeOptions.bodyLimit / 1024 / 1024)} MB`
      return sendProblem(reply, new Refusal(413, apiProblems.tooLarge(limit)))
    }
    return sendProblem(reply, asRefusal(error))
  })
  app.setNotFoundHandler(nothingThere)
}

function nothingThere(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return (
    lostPage(request, reply) ??
    sendProblem(reply, new Refusal(404, apiProblems.noSuchRoute(request.method, pathOf(request))))
  )
}

export function sendProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, problem, headers } = refusal
  if (isOpenAi(reply.request.url))
    return reply
      .code(status)
      .headers(headers)
      .type('application/json')
      .send(JSON.stringify(openAiError(refusal)))
  return reply
    .code(status)
    .headers(headers)
    .type(type)
    .send(JSON.stringify(bodyOf(status, problem)))
}

/** For what is answered below fastify: an upgrade that is refused, or a request that could not be parsed. */
export function rawProblem(refusal: Refusal, url = ''): string {
  const { status, problem, headers } = refusal
  const body = JSON.stringify(isOpenAi(url) ? openAiError(refusal) : bodyOf(status, problem))
  const lines = Object.entries({
    connection: 'close',
    'content-type': isOpenAi(url) ? 'application/json' : type,
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${body}`
}

export function bodyOf(status: number, problem: Problem): ApiProblem {
  return {
    code: problem.code,
    title: problem.what,
    status,
    ...(problem.todo === undefined ? {} : { detail: problem.todo }),
  }
}

/** For what fails while nobody waits for the answer: it is told with the next one. */
export function apiProblemOf(error: unknown): ApiProblem {
  const { status, problem } = asRefusal(error)
  return bodyOf(status, problem)
}

/** A refusal in words, of whatever status, and what a client did wrong; anything else belongs in the log. */
export function isExpected(error: unknown): boolean {
  return error instanceof Refusal || error instanceof ProblemError || asRefusal(error).status < 500
}

export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof TooManyTries)
    return new Refusal(429, error.problem, { 'retry-after': String(error.seconds) })
  if (error instanceof ProblemError) return new Refusal(statuses[error.problem.code] ?? 400, error.problem)
  const { code, statusCode, message } = error as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new Refusal(415, apiProblems.mediaType('application/json, or what /api/openapi.json says'))
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return new Refusal(507, apiProblems.noSpace())
  // The sender broke off: nobody reads the answer, and nobody made a mistake.
  if (code === 'ECONNRESET') return new Refusal(400, apiProblems.badBody('broken off'))
  // What fastify itself finds wrong with a request: a bad URL, a length that is none, JSON that is none.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Refusal(statusCode, apiProblems.badBody(message ?? ''))
  }
  return new Refusal(500, apiProblems.internal())
}

/** Whose programs understand OpenAI's errors only. */
function isOpenAi(url: string): boolean {
  return /^\/v1([/?]|$)/.test(url)
}

function pathOf(request: FastifyRequest): string {
  return (request.url.split('?')[0] ?? '').slice(0, 200)
}

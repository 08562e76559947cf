import type { Refusal } from '../api/refusal.ts'

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'invalid_request_error',
  409: 'invalid_request_error',
  408: 'invalid_request_error',
  413: 'invalid_request_error',
  415: 'invalid_request_error',
  429: 'rate_limit_error',
}

/** A refusal as clients of OpenAI's API understand it. */
export function openAiError({ status, problem }: Pick<Refusal, 'status' | 'problem'>) {
  const { what, todo } = problem
  const message = todo === undefined ? what : `${what}${/[.!?]$/.test(what) ? '' : ';'} ${todo}`
  return { error: { message, type: types[status] ?? 'server_error', param: null, code: problem.code } }
}

import { z } from 'zod'
import { apiProblems } from '../messages.ts'
import { modelKindSchema, modelsSchema, type Model } from '../protocol.ts'
import type { ModelDesk } from '../models/model-desk.ts'
import { bodyOf } from './problem-reply.ts'
import { route, type Api } from './route.ts'

const named = z.object({ model: z.string().min(1).max(500) })
/** What has begun; how it goes is told by `GET /api/models`. */
const begun = z.object({ model: z.string() })

/** The models that there are: on the disk, in memory, to be had. */
export function modelRoutes(api: Api, desk: ModelDesk, changed: () => void): void {
  route(
    api,
    {
      method: 'GET',
      path: '/api/models',
      access: 'user',
      scope: 'rooms:read',
      summary: 'All models, what they do at the moment, and what getting those brings that are not here',
      reply: modelsSchema,
    },
    ({ who }) => {
      const list = desk.list()
      // They name files of the server, and only an admin can do something about them.
      return who.role === 'admin' ? list : { ...list, faults: [], models: list.models.map(withoutPaths) }
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/models/:model/load',
      access: 'user',
      summary: 'Have a model loaded before it is needed',
      params: named,
      reply: begun,
      status: 202,
    },
    async ({ params }) => {
      await desk.load(params.model)
      return params
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/models/:model/unload',
      access: 'admin',
      summary: 'Have the memory of a model given back, when its work is done',
      params: named,
      reply: begun,
      status: 202,
    },
    async ({ params }) => {
      await desk.unload(params.model)
      return params
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/models/:model/fetch',
      access: 'admin',
      summary: 'Download a model of the catalog with what it needs; `bytes` says to how much you agree',
      params: named,
      body: z.strictObject({ bytes: z.number().int().min(1) }),
      reply: begun,
      status: 202,
    },
    ({ params, body }) => {
      desk.fetch(params.model, body.bytes)
      return params
    },
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/models/:model/fetch',
      access: 'admin',
      summary: 'Stop a download; what has come is kept, and the next one goes on there',
      params: named,
    },
    ({ params }) => desk.stopFetch(params.model),
  )
  route(
    api,
    {
      method: 'PUT',
      path: '/api/models/defaults',
      access: 'admin',
      summary: 'The model that is used for a kind of work where nobody names one',
      body: z.strictObject({ kind: modelKindSchema, id: z.string().min(1).max(500) }),
    },
    async ({ body }) => {
      await desk.setDefault(body.kind, body.id)
      changed()
    },
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/models/:model',
      access: 'admin',
      summary: 'Delete the files of a model of the catalog',
      params: named,
    },
    async ({ params }) => {
      await desk.remove(params.model)
      changed()
    },
  )
}

function withoutPaths(model: Model): Model {
  const { state } = model
  if ((state.type !== 'absent' && state.type !== 'installed') || state.problem === undefined) return model
  const { code, status } = state.problem
  const words = state.type === 'absent' ? apiProblems.downloadEnded(code) : apiProblems.loadFailed(code)
  return { ...model, state: { ...state, problem: bodyOf(status, words) } }
}

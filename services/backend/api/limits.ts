import { existsSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { apiProblems } from '../messages.ts'
import { rawProblem } from './problem-reply.ts'
import { Refusal } from './refusal.ts'

/** What one client may take of the server. Tests make the times small. */
export interface Limits {
  /** Until the head of a request is there. */
  readonly headersMs: number
  /** Until a JSON body is there; the body of an upload has `requestMs`. */
  readonly bodyMs: number
  /** Until all of a request is there. */
  readonly requestMs: number
  readonly connections: number
  /** Of one address that isn't this machine. */
  readonly connectionsPerAddress: number
  readonly streamsPerUser: number
  /** Bytes of a file. */
  readonly upload: number
  /** Bytes of all files of one user who is no admin. */
  readonly uploadsPerUser: number
  /** Of one user who is no admin. */
  readonly roomsPerUser: number
}

export const usualLimits: Limits = {
  headersMs: 10_000,
  bodyMs: 15_000,
  // 32 MB at 1 Mbit/s.
  requestMs: 300_000,
  connections: Math.min(4000, Math.floor(openFiles() / 2)),
  connectionsPerAddress: 256,
  streamsPerUser: 64,
  upload: 32 * 1024 * 1024,
  uploadsPerUser: 2048 * 1024 * 1024,
  roomsPerUser: 500,
}

/** How many this process may have; those that no connection takes are for rooms and whatever is read for an answer. */
function openFiles(): number {
  const path = '/proc/self/limits'
  const [, most] = existsSync(path) ? (/^Max open files +(\d+)/m.exec(readFileSync(path, 'utf8')) ?? []) : []
  return most === undefined ? Infinity : Number(most)
}

/** For `http.createServer`. */
export function serverOptions({ headersMs, requestMs }: Limits) {
  return {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: 72_000,
    // How often the above are looked at.
    connectionsCheckingInterval: Math.min(2000, headersMs / 4),
  }
}

/** Closes connections that are too many, of all or of one address, so that nobody can have them all. */
export function limitConnections(server: Server, limits: Limits): void {
  const counts = new Map<string, number>()
  const take = (key: string, most: number): boolean => {
    const count = (counts.get(key) ?? 0) + 1
    if (count > most) return false
    counts.set(key, count)
    return true
  }
  const give = (key: string): void => {
    const left = (counts.get(key) ?? 1) - 1
    if (left === 0) counts.delete(key)
    else counts.set(key, left)
  }
  // Not `maxConnections`: a second address to listen on hands its connections over by this event.
  server.on('connection', socket => {
    if (!take('all', limits.connections)) return void socket.destroy()
    socket.on('close', () => give('all'))
    const address = socket.remoteAddress ?? ''
    // This machine's also come from a proxy, behind which are many.
    if (/^(::ffff:)?127\.|^::1$/.test(address)) return
    if (!take(address, limits.connectionsPerAddress)) return void socket.destroy()
    socket.on('close', () => give(address))
  })
}

/** Ends requests whose JSON dribbles in. */
export function limitBodies(app: FastifyInstance, { bodyMs }: Limits): void {
  const timers = new WeakMap<object, NodeJS.Timeout>()
  app.addHook('onRequest', async ({ raw, headers, url }) => {
    if (/^(application\/octet-stream|multipart\/form-data)/.test(headers['content-type'] ?? '')) return
    if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return
    const timer = setTimeout(() => {
      raw.socket.end(rawProblem(new Refusal(408, apiProblems.tooSlow()), url))
      raw.socket.destroySoon()
    }, bodyMs)
    timers.set(raw, timer)
  })
  app.addHook('preValidation', async ({ raw }) => clearTimeout(timers.get(raw)))
  app.addHook('onResponse', async ({ raw }) => clearTimeout(timers.get(raw)))
  app.addHook('onRequestAbort', async ({ raw }) => clearTimeout(timers.get(raw)))
}

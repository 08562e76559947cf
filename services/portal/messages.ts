import type { JobError } from './request.ts'

export const portalProblems = {
  oddFolder: (path: string): string =>
    `${path} is no folder, so nothing of this user is served; remove it, and it is made anew`,
  duplicate: (name: string): string => `job ${name} had been answered, and its duplicate is dropped`,
  noLook: (error: string): string =>
    `what waits can't be looked at in advance (${error}), so its sizes and deadlines count only when its turn comes`,
  noClaim: (error: string): string =>
    `no request can be taken at the moment (${error}); what waits goes on waiting, and it is tried again every few seconds`,
  overslept: (service: string): string =>
    `this process was stopped for longer than its lease of the portal ${service}`,
  successor: (service: string, instance: string): string =>
    `the portal ${service} is served by pid ${instance.split('-')[0]} now; this process leaves it to that one until it ends`,
  otherClaimer: (service: string, instance: string): string =>
    `the portal ${service} is served by another process already (pid ${instance.split('-')[0]}); stop that one first`,
}

/** The words that a failed job carries to its client when the portal itself answers it; those of core are core's. */
export const jobErrors = {
  badRequest: (detail: string): JobError => ({
    code: 'bad_request',
    message: `request.json can't be used: ${detail}`,
    todo: 'Correct the request and submit it again.',
  }),
  closed: (): JobError => ({
    code: 'bad_request',
    message: "The request can't be used: its folder, or something in it, is closed to the service.",
    todo: 'Give the owner of the folder all rights to it (`chmod -R u+rwX`) and submit it again.',
  }),
  engineCrashed: (attempts: number, detail: string): JobError => ({
    code: 'engine_crashed',
    message: `The engine ended ${attempts === 1 ? 'while it worked on this' : `${attempts} times while it worked on this`} (${detail}).`,
    todo: 'See the log of core (`courante logs core`), then try again.',
  }),
  deadline: (): JobError => ({
    code: 'deadline',
    message: 'The request was not done by its deadline.',
    todo: 'Submit it again with more time.',
  }),
  overQuota: (what: 'count' | 'bytes', waiting: number, retryAfter: number): JobError => ({
    code: 'over_quota',
    message:
      what === 'count'
        ? `${waiting} of your requests wait already, which is the limit.`
        : `Your ${waiting} waiting requests are more bytes together than the limit.`,
    todo: `Submit it again in ${retryAfter} s.`,
    retryAfter,
  }),
  diskLow: (retryAfter: number): JobError => ({
    code: 'disk_low',
    message: 'The disk of the portals is almost full.',
    todo: 'Make room on it (`df -h`), then submit the request again.',
    retryAfter,
  }),
  cancelled: (): JobError => ({ code: 'cancelled', message: 'The request was cancelled.' }),
  internal: (detail: string): JobError => ({
    code: 'internal',
    message: `Something in the service failed: ${detail}`,
    todo: 'This is a bug; the log of the service (`courante logs core`) has more.',
  }),
}

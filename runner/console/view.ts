import type { ServiceStatus, SupervisorEvent } from '../supervisor/events.ts'
import { pullInWords } from '../supervisor/messages.ts'
import { stopWaitInWords, words } from './messages.ts'

/** What a console shows of a run beside the output itself. Pure: events in, view out; the renderers draw it. */
export interface View {
  readonly services: readonly ServiceView[]
  /** The newest thing worth a line, such as the outcome of a pull. */
  readonly message: string | undefined
}

export interface ServiceView {
  readonly name: string
  readonly pane: string
  readonly state: ServiceStatus['state']
}

export const emptyView: View = { services: [], message: undefined }

export function reduce(view: View, event: SupervisorEvent): View {
  switch (event.type) {
    case 'hello':
      return {
        services: event.status.services.map(({ name, pane, state }) => ({ name, pane, state })),
        message: undefined,
      }
    case 'service_state': {
      const services = view.services.map(service =>
        service.name === event.service ? { ...service, state: event.state } : service,
      )
      return { ...view, services, message: undefined }
    }
    case 'stopping':
      return { ...view, message: words.stopping }
    case 'pulling':
      return { ...view, message: words.pulling }
    case 'pull_result':
      return { ...view, message: pullInWords(event.result) }
    case 'notice':
      return { ...view, message: event.text }
    case 'stop_waits':
      return { ...view, message: stopWaitInWords(event) }
    case 'output':
      return view
    case 'service_ready':
    case 'service_unready':
    case 'service_exited':
    case 'service_not_started':
    case 'service_done':
    case 'service_watched':
    case 'service_recycled':
    case 'service_killed':
    case 'restarting':
    case 'stopped':
      return { ...view, message: undefined }
  }
}

/** How a state is drawn everywhere: a sign and a colour. */
export const stateSigns: Readonly<
  Record<
    ServiceStatus['state'],
    { readonly sign: string; readonly colour: 'green' | 'yellow' | 'red' | 'grey' }
  >
> = {
  idle: { sign: '○', colour: 'grey' },
  waiting: { sign: '○', colour: 'grey' },
  starting: { sign: '◐', colour: 'yellow' },
  ready: { sign: '●', colour: 'green' },
  // A one-shot task has nothing left to do: good, and no longer of interest.
  done: { sign: '✓', colour: 'grey' },
  stopping: { sign: '◐', colour: 'yellow' },
  backoff: { sign: '✕', colour: 'red' },
  failed: { sign: '✕', colour: 'red' },
}

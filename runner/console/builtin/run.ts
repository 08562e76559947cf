import type { ServiceStatus, Status, SupervisorEvent } from '../../supervisor/events.ts'
import { pullInWords } from '../../supervisor/messages.ts'
import { words } from '../messages.ts'
import type { Facts, ServiceState, State, Usage } from './state.ts'
import { say } from './step.ts'

/** What an event of the run changes. */
export function happened(state: State, event: SupervisorEvent): State {
  switch (event.type) {
    case 'hello':
      return {
        ...state,
        run: event.status.stopping ? 'stopping' : 'running',
        services: event.status.services.map(service => serviceOf(service, event.at)),
      }
    case 'service_state':
      return {
        ...changeService(state, event.service, service => ({
          name: service.name,
          ...(service.port === undefined ? {} : { port: service.port }),
          state: event.state,
          ...(event.pid === undefined ? {} : { pid: event.pid }),
          ...(event.waitingFor === undefined ? {} : { waitingFor: event.waitingFor }),
          // The exit was told before or after; what it said of the next start holds until that start.
          ...(service.restartAt === undefined || event.state !== 'backoff'
            ? {}
            : { restartAt: service.restartAt }),
        })),
        waits: state.waits.filter(({ service }) => service !== event.service || event.state === 'stopping'),
      }
    case 'service_exited':
    case 'service_not_started': {
      const { restartInMs } = event
      if (restartInMs === undefined) return state
      return changeService(state, event.service, service => ({
        ...service,
        restartAt: event.at + restartInMs,
      }))
    }
    case 'stop_waits': {
      const wait = { service: event.service, pid: event.pid, killAt: event.at + event.killInMs }
      return { ...state, waits: [...state.waits.filter(({ service }) => service !== event.service), wait] }
    }
    case 'stopping':
      return { ...state, run: 'stopping' }
    case 'stopped':
      return { ...state, run: 'stopped', waits: [] }
    case 'pulling':
      return say(state, words.pulling)
    case 'pull_result':
      return say(state, pullInWords(event.result), event.result.ok ? 'good' : 'warn')
    case 'notice':
      return say(state, event.text, 'warn')
    case 'service_ready':
      // What was promised is done.
      return state.message?.text === words.restarting(event.service)
        ? { ...state, message: undefined }
        : state
    case 'service_unready':
    case 'service_done':
    case 'service_watched':
    case 'service_recycled':
    case 'service_killed':
    case 'restarting':
    case 'output':
      return state
  }
}

/** How many samples a sparkline has at most. */
const samples = 120

/** One more look at the usage of everything, for the dashboard. */
export function sampled(state: State, status: Status, facts: Facts): State {
  const { dashboard } = state
  if (dashboard === undefined) return state
  const history: Record<string, readonly Usage[]> = {}
  for (const { name, usage } of status.services) {
    const earlier = dashboard.history[name] ?? []
    history[name] = [...earlier, usage ?? { cpu: 0, memory: 0 }].slice(-samples)
  }
  return { ...state, dashboard: { ...dashboard, services: status.services, history, facts } }
}

function serviceOf(status: ServiceStatus, at: number): ServiceState {
  const { name, state, pid, port, waitingFor, restartInMs } = status
  return {
    name,
    state,
    ...(pid === undefined ? {} : { pid }),
    ...(port === undefined ? {} : { port }),
    ...(waitingFor === undefined ? {} : { waitingFor }),
    ...(restartInMs === undefined ? {} : { restartAt: at + restartInMs }),
  }
}

function changeService(state: State, name: string, change: (service: ServiceState) => ServiceState): State {
  return { ...state, services: state.services.map(each => (each.name === name ? change(each) : each)) }
}

import type { Stack } from '../stack/model.ts'
import type { SupervisorEvent } from './events.ts'
import { notStartedInWords, pullInWords, recycledInWords } from './messages.ts'

/**
 * One line with its newline, or undefined for what a pane need not show. It starts by resetting colours: the raw log
 * beside it may have stopped in the middle of one.
 */
export function eventLine(event: SupervisorEvent): string | undefined {
  switch (event.type) {
    case 'service_state':
      if (event.state === 'starting' && event.pid === undefined)
        return line('dim', `◐ ${event.service} starts`)
      if (event.state === 'stopping') return line('dim', `◐ ${event.service} is asked to stop`)
      if (event.state === 'idle') return line('dim', `○ ${event.service} stopped`)
      if (event.state === 'waiting' && event.waitingFor !== undefined && event.waitingFor.length > 0)
        return line('dim', `○ ${event.service} waits for ${event.waitingFor.join(', ')}`)
      return undefined
    case 'service_ready':
      return line('green', `● ${event.service} ready after ${seconds(event.afterMs)}`)
    case 'service_unready':
      return line(
        'yellow',
        `● ${event.service} is not ready after ${seconds(event.afterMs)}: waited for ${event.waitedFor}; it is stopped`,
      )
    case 'service_exited': {
      const how = event.signal === undefined ? `exited with code ${event.code}` : `ended by ${event.signal}`
      const clean = event.code === 0 && event.signal === undefined
      return line(
        clean ? 'yellow' : 'red',
        `${clean ? '○' : '✕'} ${event.service} ${how} after ${seconds(event.afterMs)}${again(event.restartInMs)}`,
      )
    }
    case 'service_not_started':
      return line(
        'red',
        `✕ ${event.service} can't start: ${notStartedInWords(event.why)}${again(event.restartInMs)}`,
      )
    case 'service_done':
      return line('green', `✓ ${event.service} done after ${seconds(event.afterMs)}`)
    case 'service_watched':
      return line('dim', `○ ${event.service} restarts when ${event.paths.join(', ')} changes`)
    case 'service_recycled':
      return line('yellow', `● ${event.service} ${recycledInWords(event.why)}`)
    case 'stop_waits':
      return line(
        'dim',
        `○ waiting for ${event.service}: pid ${event.pid} (${event.command}); killed in ${seconds(event.killInMs)}`,
      )
    case 'service_killed':
      return line('yellow', `● ${event.service} did not stop within ${seconds(event.graceMs)}: killed`)
    case 'restarting':
      return line('yellow', `● restarting ${event.services.join(', ')}`)
    case 'notice':
      return line('yellow', `● ${event.text}`)
    case 'pulling':
      return line('dim', '○ git pull')
    case 'pull_result':
      return line(event.result.ok ? 'green' : 'red', `● ${pullInWords(event.result)}`)
    case 'stopping':
      return line('yellow', '● stopping everything')
    case 'stopped':
      return line('dim', '○ stopped')
    case 'hello':
    case 'output':
      return undefined
  }
}

/** `3.2 s`, `45 ms`, `2 min 5 s`. */
export function seconds(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

function again(restartInMs: number | undefined): string {
  return restartInMs === undefined ? '' : `; starts again in ${seconds(restartInMs)}`
}

const colours = { red: 31, green: 32, yellow: 33, dim: 2 }

function line(colour: keyof typeof colours, text: string): string {
  return `\x1b[0m\x1b[${colours[colour]}m${text}\x1b[0m\n`
}

/** A service's pane; for what concerns the whole stack, the pane of what R restarts, or the first with a service in it. */
export function panesOf(stack: Stack, event: SupervisorEvent): string[] {
  const service = 'service' in event ? event.service : undefined
  if (service !== undefined) {
    const pane = stack.services[service]?.pane
    return pane === undefined ? [] : [pane]
  }
  if (event.type === 'restarting')
    return [...new Set(event.services.map(name => stack.services[name]?.pane))].filter(
      pane => pane !== undefined,
    )
  if (event.type === 'stopping' || event.type === 'stopped')
    return Object.keys(stack.panes).filter(pane => (stack.panes[pane]?.services.length ?? 0) > 0)
  const main = stack.restartKey[0] ?? Object.keys(stack.services)[0]
  const pane = main === undefined ? undefined : stack.services[main]?.pane
  return pane === undefined ? [] : [pane]
}

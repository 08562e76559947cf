import { type ChildProcess, spawn } from 'node:child_process'

/**
 * What NVIDIA's own program says of the cards, a line each; nothing where it is not there, fails, does not answer in time, or the
 * signal aborts. Without a driver that keeps running, the program starts one, which takes seconds.
 */
export async function nvidiaSmi(
  fields: string,
  signal: AbortSignal,
  program = 'nvidia-smi',
  timeoutMs = 5000,
): Promise<string[]> {
  if (signal.aborted) return []
  // A group of its own, so that what it has started goes with it.
  const child: ChildProcess = spawn(program, [`--query-gpu=${fields}`, '--format=csv,noheader,nounits'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  })
  const { promise, resolve } = Promise.withResolvers<string[]>()
  let told = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (told += text))
  child.on('error', () => resolve([]))
  child.on('close', code => resolve(code === 0 ? told.split('\n') : []))
  // One that hangs in the driver can't even be killed: nobody waits for its end.
  const giveUp = (): void => {
    end(child.pid)
    child.stdout?.destroy()
    child.unref()
    resolve([])
  }
  const timer = setTimeout(giveUp, timeoutMs)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
  }
}

function end(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

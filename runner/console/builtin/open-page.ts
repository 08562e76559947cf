import { spawn } from 'node:child_process'

/** Hands an address to whatever opens addresses here. Where there is nothing of the kind the console has shown the address anyway. */
export function openPage(address: string): void {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(program, [address], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}

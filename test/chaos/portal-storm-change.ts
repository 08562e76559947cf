import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

let left = Infinity

/** This process kills itself before its `count`th change of the file system from now on. */
export function dieBeforeChange(count: number): void {
  left = count
}

const changers = [
  'mkdir',
  'writeFile',
  'rename',
  'rm',
  'rmdir',
  'copyFile',
  'appendFile',
  'utimes',
  'unlink',
  'open',
]
type Changer = (...args: unknown[]) => unknown

/** To be imported before what is to die: SIGKILL, so that nothing can be tidied up. */
function count(api: Record<string, Changer>, name: string): void {
  const real = api[name]
  if (real === undefined) throw new Error(`there is no ${name}`)
  api[name] = (...args) => {
    // To open is a change where it creates; a read would make the count depend on who looks when.
    const reads = name.startsWith('open') && (args[1] === undefined || args[1] === 'r' || args[1] === 0)
    if (!reads && --left <= 0) process.kill(process.pid, 'SIGKILL')
    return real(...args)
  }
}

for (const name of changers) {
  count(fs.promises as unknown as Record<string, Changer>, name)
  count(fs as unknown as Record<string, Changer>, `${name}Sync`)
}
syncBuiltinESMExports()

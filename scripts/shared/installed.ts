import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether a program is in one of the folders of PATH. */
export function isInstalled(program: string, path: string): boolean {
  return path.split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return folder !== ''
    } catch {
      // Absent, or not for us to run: both mean the same here.
      return false
    }
  })
}

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/** The machine's own Chromium, since playwright-core brings none. */
function findChromium(): string | undefined {
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.flatMap(folder => names.map(name => join(folder, name))).find(isExecutable)
}

/** For a test's `skip`: a line that says what is missing, or false. */
export const noChromium = findChromium() === undefined && `no ${names.join(', ')} on this machine`

/** A browser without a window that asks nothing of the network. Its microphone plays a beep, or the file, once. */
export async function launchChromium(options: { readonly microphone?: string } = {}): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('no Chromium: this test should have been skipped')
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--use-fake-device-for-media-stream',
      ...(options.microphone === undefined
        ? []
        : [`--use-file-for-fake-audio-capture=${options.microphone}%noloop`]),
    ],
  })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there, or not for us: the same to the caller.
    return false
  }
}

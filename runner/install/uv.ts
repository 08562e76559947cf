import { findOnPath } from '../../lib/find-on-path.ts'
import type { Io } from '../../lib/io.ts'
import { isOffline } from '../../lib/offline.ts'
import { readPipSettings } from './pip-settings.ts'

/** uv as it takes part here: in pip's place, under pip's settings. */
export interface Uv {
  readonly path: string
  /** For `uv pip install`. */
  readonly args: readonly string[]
  readonly env: Io['env']
}

/**
 * The uv on PATH, if it would do the same as pip. It reads none of pip's settings: the few that most people have are handed
 * on, with any other that changes what is installed pip does it. `ofSystem`: pip's file for the whole machine.
 */
export function findUv(env: Io['env'], ofSystem?: string): Uv | undefined {
  const path = findOnPath('uv', env['PATH'])
  if (path === undefined) return undefined
  const settings = readPipSettings(env, ofSystem)
  for (const key of settings.keys()) if (!handedOn.has(key) && !harmless.has(key)) return undefined
  const index = settings.get('index-url')
  const links = (settings.get('find-links') ?? '').split(/\s+/).filter(link => link !== '')
  // uv's variable has them separated by commas, and knows no other way to write one.
  if (links.some(link => link.includes(','))) return undefined
  return {
    path,
    args: [
      ...(isTrue(settings.get('no-index')) ? ['--no-index'] : []),
      ...(isOffline(env) ? ['--offline'] : []),
    ],
    env: {
      // A hard link into uv's cache would not be the project's own.
      UV_LINK_MODE: 'copy',
      ...env,
      // Our own search has found the Python, and says what it tried where there is none.
      UV_PYTHON_DOWNLOADS: 'never',
      // Not as arguments, which others on this machine can read, and the log keeps: they may hold a password.
      ...(index === undefined ? {} : { UV_INDEX_URL: index }),
      ...(links.length === 0 ? {} : { UV_FIND_LINKS: links.join(',') }),
      ...(settings.has('cert') ? { SSL_CERT_FILE: settings.get('cert') } : {}),
    },
  }
}

const handedOn = new Set(['no-index', 'find-links', 'index-url', 'cert'])

/** They are about how pip talks, waits and keeps copies, or about where it installs, which is settled here. */
const harmless = new Set([
  'break-system-packages',
  'cache-dir',
  'default-timeout',
  'disable-pip-version-check',
  'no-cache-dir',
  'no-color',
  'no-input',
  'no-python-version-warning',
  'no-warn-script-location',
  'progress-bar',
  'quiet',
  'require-virtualenv',
  'retries',
  'root-user-action',
  'timeout',
  'user',
  'verbose',
])

function isTrue(value: string | undefined): boolean {
  return /^(1|y|yes|t|true|on)$/i.test(value ?? '')
}

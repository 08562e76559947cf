import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Io } from '../lib/io.ts'
import { textOf } from '../lib/reachable.ts'

/**
 * The header by which npm's own settings log in where a tarball lies: `//host/path/:_authToken=…` (or `_auth`, or `username`
 * and `_password`) of the .npmrc of the project, the user and the installation, and of the environment. npm itself never
 * prints them. A secret: only ever for the origin of `url`.
 */
export function npmLogin(url: string, env: Io['env'], cwd: string): Record<string, string> {
  const settings = settingsOf(env, cwd)
  for (const place of placesOf(url)) {
    const of = (key: string): string | undefined => settings.get(`${place}:${key}`) || undefined
    const [token, basic, name, password] = [of('_authToken'), of('_auth'), of('username'), of('_password')]
    if (token !== undefined) return header('Bearer', token)
    if (basic !== undefined) return header('Basic', basic)
    if (name === undefined || password === undefined) continue
    // npm keeps it in base64, though not the two together.
    const plain = Buffer.from(password, 'base64').toString('utf8')
    return header('Basic', Buffer.from(`${name}:${plain}`).toString('base64'))
  }
  return {}
}

/** Anything else would be refused as a header, with the secret in the error. */
function header(scheme: string, secret: string): Record<string, string> {
  return /^[\x21-\x7e]+$/.test(secret) ? { authorization: `${scheme} ${secret}` } : {}
}

/** `//host/a/b/`, `//host/a/`, `//host/`: a registry's settings hold for all that is below it. */
function placesOf(url: string): string[] {
  const { host, pathname } = new URL(url)
  const places: string[] = []
  for (let path = pathname; path !== '/'; path = `${dirname(path)}/`.replace('//', '/'))
    places.push(`//${host}${path.endsWith('/') ? path : `${path}/`}`)
  return [...places, `//${host}/`]
}

/** What comes first counts: the environment, then the nearest file. */
function settingsOf(env: Io['env'], cwd: string): Map<string, string> {
  const settings = new Map<string, string>()
  for (const [name, value] of Object.entries(env)) {
    const key = /^npm_config_(\/\/.+)$/i.exec(name)?.[1]
    if (key !== undefined && value !== undefined) settings.set(key, value)
  }
  const named = (name: string): string | undefined =>
    env[`npm_config_${name}`] ?? env[`NPM_CONFIG_${name.toUpperCase()}`]
  const prefix = named('prefix') ?? env['PREFIX']
  const files = [
    join(cwd, '.npmrc'),
    named('userconfig') ?? join(env['HOME'] ?? homedir(), '.npmrc'),
    named('globalconfig') ?? (prefix === undefined ? undefined : join(prefix, 'etc/npmrc')),
  ]
  for (const file of files) {
    for (const line of file === undefined ? [] : textOf(file).split(/\r?\n/)) {
      const [, key, value] = /^\s*(\/\/[^=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
      if (key === undefined || value === undefined || settings.has(key)) continue
      const bare = value.replace(/^(["'])(.*)\1$/, '$2')
      // As npm has it: a variable that is not set stays as it stands there.
      settings.set(
        key,
        bare.replaceAll(/\$\{([^}]+)\}/g, (whole, name: string) => env[name] ?? whole),
      )
    }
  }
  return settings
}

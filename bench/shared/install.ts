import { execa } from 'execa'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** Ignored by git; none of it is a dependency of ours. */
const home = resolve(import.meta.dirname, '../../.runtime/bench-peers')

interface Extra {
  /** Packages that it needs and does not name. */
  readonly beside?: Readonly<Record<string, string>>
  /** Packages in the place of others, as npm's `overrides`. */
  readonly overrides?: Readonly<Record<string, string>>
}

/** Installs a package of npm into a folder of its own, once, without running its scripts, and returns that folder. */
export async function install(
  name: string,
  version: string,
  { beside = {}, overrides = {} }: Extra = {},
): Promise<string> {
  const folder = join(home, `${name.replace('/', '-')}-${version}`)
  if (existsSync(folder)) return folder
  const building = `${folder}.part`
  await rm(building, { recursive: true, force: true })
  await mkdir(building, { recursive: true })
  const manifest = { private: true, dependencies: { [name]: version, ...beside }, overrides }
  await writeFile(join(building, 'package.json'), JSON.stringify(manifest))
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefix', building]
  const { failed, stderr } = await execa('npm', ['install', ...options], {
    cwd: building,
    reject: false,
    timeout: 300_000,
  })
  if (failed)
    throw new Error(
      `does not install here: ${stderr.split('\n').find(line => line.includes('npm error')) ?? stderr}`,
    )
  await rename(building, folder)
  return folder
}

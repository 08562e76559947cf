import assert from 'node:assert/strict'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { socketDir } from '../../lib/socket-dir.ts'
import { connect } from '../../runner/supervisor/control-client.ts'
import { root } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'

interface Manifest {
  readonly bin: { readonly courante: string }
  readonly dependencies: Readonly<Record<string, string>>
}

test('as a package of another project: init, up in its folder, status, down', async () => {
  await using folder = await tempDir()
  await using runtime = await tempDir()
  const project = folder.path
  const bin = await install(project)
  await writeFile(join(project, 'Procfile'), "web: sh -c 'echo here I am; exec sleep 1000'\n")
  const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, XDG_RUNTIME_DIR: runtime.path }
  const courante = (...words: string[]) =>
    execa(bin, words, { cwd: project, env, reject: false, all: true, stdin: 'ignore' })

  const init = await courante('init')
  assert.equal(init.exitCode, 0, init.all)
  const text = await readFile(join(project, 'stack.yaml'), 'utf8')
  assert.match(text, /^# yaml-language-server: \$schema=node_modules\/courante\/docs\/stack\.schema\.json$/m)

  const up = courante('up', '--console', 'plain')
  const control = join(socketDir(join(project, 'var'), env), 'control.sock')
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(20)) {
    const connection = await connect(control, 60_000)
    if (connection.running && connection.status.ready) break
  }
  const status = await courante('status')
  const down = await courante('down')
  const { exitCode, stdout, all } = await up
  assert.match(status.stdout, /● web +ready/, `${status.all}\n${all}`)
  assert.equal(down.stdout, 'Stopped web.')
  assert.equal(exitCode, 0, all)
  assert.match(stdout, new RegExp(`^stack: .*${project}/stack\\.yaml$`, 'm'))
  assert.match(stdout, /^web +\| here I am$/m)
  assert.doesNotMatch(all, /Warning/)

  const help = await courante('help')
  assert.doesNotMatch(help.stdout, /transcribe/, 'what needs the stack of a clone is not offered')
})

/** What `npm install courante` makes of the packed repository, without the network: the packages are those of the repo. */
async function install(project: string): Promise<string> {
  const modules = join(project, 'node_modules')
  const own = join(modules, 'courante')
  await mkdir(own, { recursive: true })
  await mkdir(join(modules, '.bin'))
  const packed = await execa('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
  })
  const [tarball] = JSON.parse(packed.stdout) as { filename: string; files: { path: string }[] }[]
  assert.ok(tarball)
  const paths = tarball.files.map(({ path }) => path)
  assert.deepEqual(
    paths.filter(path => /\.test\.ts$|^(?:test|web|bench|services\/(?!portal\/)|models\/files)\//.test(path)),
    [],
  )
  await execa('tar', ['-xzf', join(project, tarball.filename), '-C', own, '--strip-components=1'])
  const manifest = JSON.parse(await readFile(join(own, 'package.json'), 'utf8')) as Manifest
  for (const name of Object.keys(manifest.dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  const bin = join(modules, '.bin/courante')
  await symlink(join(own, manifest.bin.courante), bin)
  return bin
}

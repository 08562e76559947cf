import assert from 'node:assert/strict'
import { chmod, chown, lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { execa } from 'execa'
import { ProblemError } from '../../lib/problem.ts'
import { noOtherUsers, otherUser } from '../../test/support/other-user.ts'
import { tempDir } from '../../test/support/temp.ts'
import { makeJobsFolder, shareMark, shareWith } from './share.ts'

const skip = noOtherUsers()
const linux = process.platform === 'linux' ? false : 'on Linux only'
const service = 'stt'

test('what is wrong with the words of a share is said', { skip: linux }, async () => {
  await using dir = await tempDir()
  const spool = dir.path
  assert.equal(await problem({ spool, service: '.run', user: 'nobody' }), 'bad_name')
  assert.equal(await problem({ spool, service, user: 'heartbeat' }), 'bad_name')
  assert.equal(await problem({ spool: join(spool, 'none'), service, user: 'nobody' }), 'no_spool')
  assert.equal(await problem({ spool, service, user: 'no-such-user' }), 'no_user')
  assert.equal(await problem({ spool, service, user: userInfo().username }), 'own_user')
  assert.deepEqual(await readdir(spool), [])
})

test('elsewhere it says that it is for Linux', { skip: linux === false && 'this is Linux' }, async () => {
  await using dir = await tempDir()
  assert.equal(await problem({ spool: dir.path, service, user: 'nobody' }), 'share_linux_only')
})

test(
  'without setfacl, or a file system for it, the share says what is missing',
  { skip: linux },
  async () => {
    await using dir = await tempDir()
    await chmod(dir.path, 0o711)
    const spool = join(dir.path, 'spool')
    const tools = join(dir.path, 'tools')
    await mkdir(spool)
    await mkdir(tools)
    await symlink((await execa('sh', ['-c', 'command -v id'])).stdout, join(tools, 'id'))
    assert.equal(await withPath(tools, () => problem({ spool, service, user: 'daemon' })), 'no_setfacl')
    const entries = 'printf "# owner: 0\\n# group: 0\\nuser::rwx\\ngroup::r-x\\nother::r-x\\n\\n"'
    await tool(join(tools, 'getfacl'), `${entries}; ${entries}; ${entries}`)
    await tool(join(tools, 'setfacl'), 'echo "setfacl: x: Operation not supported" >&2; exit 1')
    assert.equal(await withPath(tools, () => problem({ spool, service, user: 'daemon' })), 'no_acls')
  },
)

test('sharing again changes nothing, and repairs what was changed', { skip }, async () => {
  await using rig = await spoolOfAnother()
  const { spool, owner, client } = rig
  const sharing = { spool, service, user: client.name }
  await owner.be(() => shareWith(sharing))
  const before = await acls(spool)
  assert.match(before, new RegExp(`^default:user:${client.uid}:rwx$`, 'm'))
  await owner.be(() => shareWith(sharing))
  assert.equal(await acls(spool), before)
  // It takes away the mask, and with it the client's rights.
  await chmod(join(spool, service, client.name, 'prep'), 0o700)
  await chmod(join(spool, service, '.run'), 0o755)
  await shareWith(sharing)
  assert.equal(await acls(spool), before)
})

test('root shares in the name of the owner; other users may not', { skip }, async () => {
  await using rig = await spoolOfAnother()
  const { spool, owner, client } = rig
  const sharing = { spool, service, user: client.name }
  assert.equal(await client.be(() => problem(sharing)), 'not_owner')
  await shareWith(sharing)
  const found = await execa('find', [spool, '!', '-user', owner.name])
  assert.equal(found.stdout, '')
  assert.equal((await lstat(join(spool, service, '.run'))).mode & 0o777, 0o700)
  await owner.be(() => shareWith(sharing))
})

test('a folder that somebody else made is not taken for ours', { skip }, async () => {
  await using rig = await spoolOfAnother()
  const { spool, client } = rig
  const folder = join(spool, service, client.name)
  await mkdir(folder, { recursive: true })
  await chown(join(spool, service), rig.owner.uid, rig.owner.uid)
  await chown(folder, client.uid, client.uid)
  assert.equal(await problem({ spool, service, user: client.name }), 'foreign_folder')
})

test('a closed folder above the portals is named, with the command that opens it', { skip }, async () => {
  await using rig = await spoolOfAnother()
  const { spool, owner, client } = rig
  await chown(rig.parent, owner.uid, 0)
  await chmod(rig.parent, 0o750)
  assert.equal(await client.be(() => problem({ spool, service, user: owner.name })), 'no_spool')
  const sharing = { spool, service, user: client.name }
  const found = await owner.be(() => shareWith(sharing)).catch((error: unknown) => error)
  assert.ok(found instanceof ProblemError)
  assert.equal(found.problem.code, 'closed_parent')
  assert.ok(found.problem.what.includes(rig.parent))
  const [, command = ''] = /: (setfacl .*)$/.exec(found.problem.todo ?? '') ?? []
  await execa('sh', ['-c', command])
  await owner.be(() => shareWith(sharing))
  await client.sh(`touch ${join(spool, service, client.name, 'prep/x')}`)
})

test('the folder of the claimed jobs takes its rights over without any program', { skip }, async () => {
  await using rig = await spoolOfAnother()
  const { spool, owner, client } = rig
  const sharing = { spool, service, user: client.name }
  await owner.be(() => shareWith(sharing))
  const run = join(spool, service, '.run/one')
  const jobs = join(run, client.name)
  await withPath('/nonexistent', () =>
    owner.be(async () => {
      await mkdir(run)
      makeJobsFolder(sharing, jobs)
      await writeFile(join(jobs, 'job'), '')
      // Once more, and for a user with whom nothing is shared.
      makeJobsFolder(sharing, jobs)
      makeJobsFolder({ ...sharing, user: 'me' }, join(run, 'me'))
    }),
  )
  assert.match(await acls(join(jobs, 'job')), new RegExp(`^user:${client.uid}:rw`, 'm'))
  assert.doesNotMatch(await acls(join(run, 'me')), /^user:\d/m)
  assert.deepEqual(await readdir(shareMark(spool, service, client.name)), [])
  // One that a claimer had before.
  await execa('setfacl', ['-b', '-k', jobs])
  await owner.be(() => shareWith(sharing))
  assert.match(await acls(jobs), new RegExp(`^default:user:${client.uid}:rwx$`, 'm'))
})

async function problem(sharing: Parameters<typeof shareWith>[0]): Promise<string> {
  try {
    await shareWith(sharing)
    return 'none'
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code
    throw error
  }
}

/** A spool that belongs to a user of its own. */
async function spoolOfAnother() {
  await using stack = new AsyncDisposableStack()
  const parent = stack.use(await tempDir()).path
  const owner = stack.use(await otherUser())
  const client = stack.use(await otherUser())
  await chmod(parent, 0o711)
  const spool = join(parent, 'portals')
  await mkdir(spool)
  await chown(spool, owner.uid, owner.uid)
  const rest = stack.move()
  return { parent, spool, owner, client, [Symbol.asyncDispose]: () => rest.disposeAsync() }
}

async function acls(path: string): Promise<string> {
  return (await execa('getfacl', ['-Rnp', path])).stdout
}

async function tool(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

async function withPath<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = process.env['PATH']
  process.env['PATH'] = path
  try {
    return await work()
  } finally {
    process.env['PATH'] = before
  }
}

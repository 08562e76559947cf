import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { noChromium } from '../support/chromium.ts'
import { PageRig, password } from '../support/page-rig.ts'

const skip = noChromium
let rig: PageRig

before(async () => {
  if (skip === false) rig = await PageRig.start({ accounts: true })
})

after(async () => {
  await rig?.[Symbol.asyncDispose]()
})

test('an invitation is a link that is shown once, listed, and can be revoked', { skip }, async () => {
  const page = await rig.person('ann', '/admin')
  await page.getByRole('link', { name: 'Invitations' }).click()
  await page.getByText('No link is open.').waitFor()
  await page.getByRole('button', { name: 'Invite' }).click()
  await page.getByLabel('Name').fill('carol')
  await page.getByRole('button', { name: 'Make a link' }).click()
  const link = await page.getByLabel('Link, shown this once').textContent()
  assert.match(link ?? '', new RegExp(`^${rig.url}/welcome#[\\w-]{43}$`))
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Revoke: For carol' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('No link is open.').waitFor()
  await page.getByRole('link', { name: 'Audit log' }).click()
  await page.getByText('ann made a one-time link for carol').waitFor()
})

test(
  'users are made admins, disabled and removed, each said before; the last admin stays',
  { skip },
  async () => {
    await rig.logIn('bob')
    const page = await rig.person('ann', '/admin')
    const bob = page.getByRole('listitem').filter({ hasText: 'bob' })
    await bob.getByText(/^User since/).waitFor()
    await bob.getByRole('button', { name: 'More for bob' }).click()
    await page.getByRole('menuitem', { name: 'Disable…' }).click()
    const asked = page.getByRole('dialog')
    await asked.getByText(/All sessions of bob end/).waitFor()
    await asked.getByRole('button', { name: 'Disable' }).click()
    await bob.getByText('disabled').waitFor()
    await bob.getByRole('button', { name: 'More for bob' }).click()
    await page.getByRole('menuitem', { name: 'Remove…' }).click()
    await asked.getByRole('button', { name: 'Remove for good' }).click()
    await bob.waitFor({ state: 'detached' })
    const ann = page.getByRole('listitem').filter({ hasText: 'ann' })
    await ann.getByRole('button', { name: 'More for ann' }).click()
    await page.getByRole('menuitem', { name: 'Make a user, no admin' }).click()
    await ann.getByRole('alert').getByText(/admin/i).first().waitFor()
  },
)

test('an agent is made, changed and removed in words; its file has what was said', { skip }, async () => {
  const page = await rig.person('ann', '/admin?part=agents')
  await page.getByRole('button', { name: 'New agent' }).click()
  const form = page.getByRole('dialog', { name: 'New agent' })
  await form.getByText('More settings').click()
  await form.getByLabel('Temperature').fill('7')
  await form.getByRole('button', { name: 'Save' }).click()
  await form.getByText('An agent needs a name.').waitFor()
  await form.getByText('A number from 0 to 2.').waitFor()
  await form.getByLabel('Name', { exact: true }).fill('Eva')
  await form.getByLabel('What it is told').fill('You are Eva.\nYou teach German.')
  await form.getByLabel('Temperature').fill('0,4')
  await form.getByLabel('When addressed').check()
  await form.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Eva is saved').waitFor()
  const file = join(rig.server.home, 'agents/Eva.yaml')
  const text = await readFile(file, 'utf8')
  assert.match(text, /temperature: 0\.4/)
  assert.match(text, /turns: mention/)
  await page.getByRole('button', { name: 'Edit Eva' }).click()
  const edit = page.getByRole('dialog', { name: 'Edit Eva' })
  assert.equal(await edit.getByLabel('What it is told').inputValue(), 'You are Eva.\nYou teach German.')
  assert.equal(await edit.getByLabel('Temperature').inputValue(), '0.4')
  await page.keyboard.press('Escape')
  // A file that somebody breaks by hand is told with its line, as it is saved.
  await writeFile(file, 'name: Eva\nturns: sometimes\n')
  await page.getByText('1 file of agents can’t be read.').waitFor()
  await page.getByText(/Eva goes on as it was\./).waitFor()
  await writeFile(file, text)
  await page.getByText('1 file of agents can’t be read.').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'More for Eva' }).click()
  await page.getByRole('menuitem', { name: 'Remove…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('button', { name: 'Edit Eva' }).waitFor({ state: 'detached' })
})

test('the profile: a key for programs, another session ended, a new password', { skip }, async () => {
  // The first one is the admin.
  await rig.logIn('ann')
  const page = await rig.person('dora', '/profile')
  await page.getByText('You are dora, a user.').waitFor()
  await page.getByRole('button', { name: 'New key' }).click()
  const making = page.getByRole('dialog', { name: 'New API key' })
  await making.getByLabel('What it is for').fill('kitchen lamp')
  await making.getByRole('checkbox').first().waitFor()
  assert.equal(await making.getByLabel('Admin').count(), 0)
  await making.getByRole('button', { name: 'Make the key' }).click()
  const key = await page.getByLabel('Key, shown this once').textContent()
  const answer = await fetch(`${rig.url}/api/whoami`, { headers: { authorization: `Bearer ${key}` } })
  assert.equal(((await answer.json()) as { name: string }).name, 'dora')
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Revoke kitchen lamp' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('You have no key.').waitFor()

  await rig.logIn('dora')
  await page.reload()
  await page
    .getByRole('button', { name: /^End the session/ })
    .first()
    .click()
  await page.getByRole('button', { name: /^End the session/ }).waitFor({ state: 'detached' })
  await page.getByLabel('Old password').fill('wrong')
  await page.getByLabel('New password').fill('another good one')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByRole('alert').getByText(/./).first().waitFor()
  await page.getByLabel('Old password').fill(password)
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('The password is changed').waitFor()
  // A user sees no admin's pages, by their address neither.
  await page.goto(`${rig.url}/transcript`)
  await page.getByRole('heading', { name: 'Nothing is here' }).waitFor()
  await page.getByRole('link', { name: 'Models' }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'Transcript' }).count(), 0)
})

test('where nobody logs in, /admin is the agents, and the profile is of this browser', { skip }, async () => {
  await using local = await PageRig.start()
  const page = await local.page('/admin')
  await page.getByRole('heading', { name: 'Agents', level: 1 }).waitFor()
  await page.getByRole('button', { name: 'New agent' }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'Invitations' }).count(), 0)
  await page.goto(`${local.url}/profile`)
  await page.getByText(/nobody logs in here/).waitFor()
  await page.getByText('To let others in').waitFor()
  assert.equal(await page.getByLabel('Old password').count(), 0)
  await page.getByRole('radio', { name: 'Dark' }).press('Space')
  await page.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark')
})

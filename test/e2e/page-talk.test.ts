import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { launchChromium, noChromium } from '../support/chromium.ts'
import { PageRig } from '../support/page-rig.ts'

test(
  'two people in two browsers and two bots in one room: through a reload, a lost network and a killed backend all have the same talk',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start({ accounts: true })
    await using second = await launchChromium()
    const cookie = await rig.logIn('ann')
    await rig.must('PUT', '/api/agents/Clock', { system: 'You tell the time.', turns: 'mention' }, cookie)
    await rig.must('POST', '/api/rooms', { id: 'kitchen', agents: ['Courante', 'Clock'] }, cookie)
    const ann = await rig.person('ann', '/rooms/kitchen')
    const ben = await rig.person('ben', '/rooms/kitchen', {}, second)
    await ann.getByRole('main').getByText('ben is here').waitFor()

    // Both bots are asked, and answer in turn, so that the second one knows what the first has said. Both people see it grow.
    await say(ann, '@Courante what do we cook? @Clock when do we begin?')
    const cook = await rig.model.asked()
    await cook.say('Soup with ')
    for (const page of [ann, ben]) await said(page, 'Soup with').waitFor()

    // Ben reloads in the middle; Ann's network is gone, and she goes on writing.
    await ben.reload()
    await said(ben, 'Soup with').waitFor()
    await ann.context().setOffline(true)
    await say(ann, 'I have leeks.')
    await ann.getByText('Sending').waitFor()
    await cook.say('leeks.')
    cook.done()
    await said(ben, 'Soup with leeks.').waitFor()
    await ann.context().setOffline(false)
    await said(ben, 'I have leeks.').waitFor()
    await said(ann, 'Soup with leeks.').waitFor()

    // The backend is killed in the middle of the other answer, and Ben writes meanwhile.
    const clock = await rig.model.asked()
    assert.ok(clock.told.join('\n').includes('Soup with leeks.'))
    await clock.say('At six, ')
    for (const page of [ann, ben]) await said(page, 'At six,').waitFor()
    await rig.server.kill()
    await say(ben, 'Who washes up?')
    await rig.server.again()
    for (const page of [ann, ben]) {
      await said(page, 'Who washes up?').waitFor()
      await said(page, '[interrupted]').waitFor()
    }
    const file = await readFile(join(rig.server.home, 'rooms/kitchen.bb'), 'utf8')
    const written = file.split(/\n(?!\t)/).filter(line => /^[A-Z@a-z]+:\t/.test(line))
    const expected = written.map(line => line.slice(0, line.indexOf(':')))
    assert.deepEqual(expected.toSorted(), ['Clock', 'Courante', 'ann', 'ann', 'ben'])
    for (const page of [ann, ben]) {
      assert.equal(await page.getByRole('feed').getByRole('article').count(), expected.length)
      for (const text of ['Soup with leeks.', 'I have leeks.', 'Who washes up?'])
        assert.equal(await said(page, text).count(), 1, text)
    }
  },
)

async function say(page: Page, text: string): Promise<void> {
  const field = page.getByRole('textbox', { name: /^Message / })
  await field.fill(text)
  await field.press('Enter')
}

function said(page: Page, text: string): Locator {
  return page.getByRole('feed').getByRole('article').getByText(text)
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dictated, Drafts, restored, type Keeper } from './drafts.ts'
import { fieldAction } from './field-keys.ts'
import { mentionAt, mentionsFor, takeMention } from './mentions.ts'
import { messageText, tooLong } from './message-text.ts'
import { lastOf, newAnswers } from './room-news.ts'
import { changeSettings, loadSettings } from './settings.ts'

function keeper(entries: Record<string, string> = {}): Keeper {
  const kept = new Map(Object.entries(entries))
  return {
    getItem: key => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: key => void kept.delete(key),
  }
}

const message = (id: number, author: string | null, text: string) => ({
  id,
  author,
  text,
  hash: '00000000',
  offset: 0,
  end: 0,
})

test('a draft belongs to its room and is found again', () => {
  const storage = keeper()
  new Drafts(storage).of('ann', 'kitchen').dispatch('half a sent')
  const drafts = new Drafts(storage)
  assert.equal(drafts.of('ann', 'kitchen').get(), 'half a sent')
  assert.equal(drafts.of('ann', 'hall').get(), '')
  drafts.of('ann', 'kitchen').dispatch('')
  assert.equal(new Drafts(storage).of('ann', 'kitchen').get(), '')
})

test('two people at one browser don’t see each other’s drafts', () => {
  const storage = keeper()
  new Drafts(storage).of('ann', 'kitchen').dispatch('between us')
  assert.equal(new Drafts(storage).of('bob', 'kitchen').get(), '')
})

test('a draft goes along with a room that is renamed, once, and before what was kept under that name', () => {
  const storage = keeper()
  const drafts = new Drafts(storage)
  drafts.of('ann', 'hall').dispatch('of before')
  const draft = drafts.of('ann', 'kitchen')
  draft.dispatch('half')
  drafts.move('ann', 'kitchen', 'hall')
  drafts.move('ann', 'kitchen', 'hall')
  assert.equal(drafts.of('ann', 'hall'), draft)
  assert.equal(draft.get(), 'half\n\nof before')
  draft.dispatch('half a sent')
  const later = new Drafts(storage)
  assert.deepEqual([later.of('ann', 'hall').get(), later.of('ann', 'kitchen').get()], ['half a sent', ''])
})

test('a browser that keeps nothing loses no draft that is being written', () => {
  const nothing = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined }
  const drafts = new Drafts(nothing)
  drafts.of('ann', 'kitchen').dispatch('still here')
  assert.equal(drafts.of('ann', 'kitchen').get(), 'still here')
})

test('a message that could not be sent comes back before what was written since', () => {
  assert.equal(restored('', 'first'), 'first')
  assert.equal(restored('second', 'first'), 'first\n\nsecond')
})

test('what is said goes on where the draft ends', () => {
  assert.equal(dictated('', 'Hello.'), 'Hello.')
  assert.equal(dictated('Hello.', 'You too?'), 'Hello. You too?')
  assert.equal(dictated('Hello.\n', 'You too?'), 'Hello.\nYou too?')
})

test('an @ offers names where it can begin one, and not in an address', () => {
  assert.deepEqual(mentionAt('ask @Ma', 7), { at: 4, query: 'Ma' })
  assert.deepEqual(mentionAt('@', 1), { at: 0, query: '' })
  assert.deepEqual(mentionAt('(@Zoë', 5), { at: 1, query: 'Zoë' })
  assert.equal(mentionAt('ann@ho', 6), undefined)
  assert.equal(mentionAt('ask @Max and', 12), undefined)
  assert.equal(mentionAt('ask @Max', 3), undefined)
})

test('names that begin so come before those in which it stands; everyone only where there are several', () => {
  assert.deepEqual(mentionsFor('', ['Max', 'Courante']), ['Max', 'Courante', 'everyone'])
  assert.deepEqual(mentionsFor('A', ['Max', 'Anna']), ['Anna', 'Max'])
  assert.deepEqual(mentionsFor('', ['Max']), ['Max'])
  assert.deepEqual(mentionsFor('x y', ['Max']), [])
})

test('a name that is taken stands whole, with one space behind it', () => {
  assert.deepEqual(takeMention('ask @Ma please', { at: 4, query: 'Ma' }, 'Max'), {
    text: 'ask @Max please',
    caret: 9,
  })
  assert.deepEqual(takeMention('@', { at: 0, query: '' }, 'Max'), { text: '@Max ', caret: 5 })
})

const press = {
  key: 'Enter',
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  keyCode: 13,
}
const field = { isEmpty: false, offers: false, onGlass: false }

test('Enter sends; Shift, an input method and glass make it something else', () => {
  assert.equal(fieldAction(press, field), 'send')
  assert.equal(fieldAction({ ...press, shiftKey: true }, field), undefined)
  assert.equal(fieldAction({ ...press, isComposing: true }, field), undefined)
  assert.equal(fieldAction({ ...press, keyCode: 229 }, field), undefined)
  assert.equal(fieldAction(press, { ...field, onGlass: true }), undefined)
  assert.equal(fieldAction({ ...press, ctrlKey: true }, { ...field, onGlass: true }), 'send')
})

test('while names are offered, keys are about them', () => {
  const offers = { ...field, offers: true }
  assert.equal(fieldAction(press, offers), 'take')
  assert.equal(fieldAction({ ...press, key: 'Tab' }, offers), 'take')
  assert.equal(fieldAction({ ...press, key: 'Escape' }, offers), 'close')
  assert.equal(fieldAction({ ...press, key: 'ArrowUp' }, { ...offers, isEmpty: true }), 'previous')
  assert.equal(fieldAction({ ...press, key: 'Tab', shiftKey: true }, offers), undefined)
  assert.equal(fieldAction({ ...press, shiftKey: true }, offers), undefined)
})

test('Up edits the last message only where nothing is written', () => {
  assert.equal(fieldAction({ ...press, key: 'ArrowUp' }, { ...field, isEmpty: true }), 'edit last')
  assert.equal(fieldAction({ ...press, key: 'ArrowUp' }, field), undefined)
  assert.equal(fieldAction({ ...press, key: 'Escape' }, field), 'leave')
  assert.equal(fieldAction({ ...press, key: 'Tab' }, field), undefined)
})

test('files stand below the text: pictures shown, others linked', () => {
  const cat = { name: 'my [cat].png', url: '/files/1/cat.png', type: 'image/png' }
  const drawing = { name: 'plan.svg', url: '/files/2/plan.svg', type: 'image/svg+xml' }
  const [picture, link] = ['![my \\[cat\\].png](/files/1/cat.png)', '[plan.svg](/files/2/plan.svg)']
  assert.equal(messageText(' Look: ', [cat, drawing]), `Look:\n\n${picture}\n\n${link}`)
  assert.equal(messageText('', [cat]), picture)
})

test('a text that no message can hold is told before it is sent', () => {
  assert.equal(tooLong('x'.repeat(256 * 1024)), undefined)
  assert.match(tooLong('x'.repeat(256 * 1024 + 1)) ?? '', /257 KB; a message has 256 KB/)
  assert.match(tooLong('€'.repeat(100_000)) ?? '', /293 KB/)
})

test('one’s last message is found whatever came after it', () => {
  const messages = [message(3, 'Ann', 'one'), message(4, 'Ann', 'two'), message(5, 'Max', 'yes')]
  assert.equal(lastOf(messages, 'ann')?.id, 4)
  assert.equal(lastOf(messages, 'bob'), undefined)
})

test('read aloud are whole answers that come, not the past of the room nor what people say', () => {
  const past = [message(0, 'Max', 'old')]
  const opening = newAnswers(undefined, { connection: 'opening', messages: [], count: 0 }, ['Max'])
  assert.deepEqual(opening, { seen: undefined, answers: [] })
  const open = newAnswers(undefined, { connection: 'open', messages: past, count: 1 }, ['Max'])
  assert.deepEqual(open, { seen: 1, answers: [] })
  const messages = [...past, message(1, 'ann', 'hello'), message(2, 'Max', 'hi'), message(3, null, 'noon')]
  const news = newAnswers(1, { connection: 'open', messages, count: 4 }, ['Max'])
  assert.deepEqual(news, { seen: 4, answers: [message(2, 'Max', 'hi')] })
  const shorter = newAnswers(4, { connection: 'open', messages: past, count: 1 }, ['Max'])
  assert.deepEqual(shorter, { seen: 1, answers: [] })
})

test('settings of another version or hand are read as far as they go', () => {
  assert.deepEqual(loadSettings(keeper()), { sendWhatISay: true, readAloud: [] })
  const odd = keeper({ 'courante.sendWhatISay': 'no', 'courante.readAloud': '["a",7]' })
  assert.deepEqual(loadSettings(odd), { sendWhatISay: false, readAloud: ['a'] })
  assert.deepEqual(loadSettings(keeper({ 'courante.readAloud': 'yes' })).readAloud, [])
  const on = changeSettings(loadSettings(odd), { type: 'read aloud', room: 'b', on: true })
  assert.deepEqual(on.readAloud, ['a', 'b'])
  assert.deepEqual(changeSettings(on, { type: 'read aloud', room: 'a', on: false }).readAloud, ['b'])
})

// @ts-check
// The page behind one-time links: an invitation, the first user's link, a new password. Sent to browsers as it is.

const words = {
  noToken: 'This page is opened by a link that an admin of this server gives you.',
  invitation: 'Choose a name and a password for your account here.',
  named: 'Choose a password for your account here.',
  reset: 'Choose a new password.',
  differ: 'The two passwords are not the same.',
  noAnswer: 'The server does not answer. Try again in a moment.',
  done: name => `Done. You are logged in as ${name}.`,
}

const say = element('say', HTMLElement)
const form = element('form', HTMLFormElement)
const name = element('name', HTMLInputElement)
const password = element('password', HTMLInputElement)
const again = element('again', HTMLInputElement)
const problem = element('problem', HTMLElement)
const button = element('go', HTMLButtonElement)
let token = ''

await begin()
// The same page with another link is no new visit.
addEventListener('hashchange', () => void begin())

async function begin() {
  const given = location.hash.slice(1)
  if (given === '' && token !== '') return
  token = given
  form.hidden = true
  if (token === '') return void (say.textContent = words.noToken)
  const link = await ask('/api/redeem/look', { token })
  if (!link.ok) return void (say.textContent = link.problem)
  // Not in the history, nor in a screenshot of the window.
  history.replaceState(null, '', location.pathname)
  const chosen = link.answer.name
  say.textContent =
    link.answer.kind === 'reset' ? words.reset : chosen === null ? words.invitation : words.named
  name.value = chosen ?? ''
  name.readOnly = chosen !== null
  form.hidden = false
  ;(chosen === null ? name : password).focus()
}

form.addEventListener('submit', event => {
  event.preventDefault()
  void redeem()
})

async function redeem() {
  if (password.value !== again.value) return void (problem.textContent = words.differ)
  problem.textContent = ''
  button.disabled = true
  const done = await ask('/api/redeem', { token, name: name.value.trim(), password: password.value })
  button.disabled = false
  if (!done.ok) return void (problem.textContent = done.problem)
  form.hidden = true
  form.reset()
  say.textContent = words.done(done.answer.name)
  if (await isPageHere()) location.replace('/')
}

/** Without it, a server that was started for programs answers with a line of text. */
async function isPageHere() {
  try {
    const { headers } = await fetch('/', { method: 'HEAD' })
    return headers.get('content-type')?.startsWith('text/html') === true
  } catch {
    // No link is better than one that leads nowhere.
    return false
  }
}

/**
 * @param {string} path
 * @param {object} body
 */
async function ask(path, body) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const answer = await response.json()
    if (response.ok) return { ok: true, answer }
    return { ok: false, problem: [answer.title, answer.detail].filter(Boolean).join('. ') }
  } catch {
    // Without an answer there is only one thing to say, whatever the reason.
    return { ok: false, problem: words.noAnswer }
  }
}

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
function element(id, kind) {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`no #${id}`)
  return found
}

import '@fontsource-variable/source-sans-3'
import './style/tokens.css'
import './style/base.css'
import './style/controls.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './components/app.tsx'
import { agentsQuery, queries, roomQuery, roomsQuery } from './state/queries.ts'
import { askEarly } from './state/room/early-page.ts'
import { roomAt } from './state/shell/rooms.ts'
import { reloadAfterUpgrade } from './state/shell/upgrade.ts'

const root = document.querySelector('#root')
if (root === null) throw new Error('index.html has no #root')

reloadAfterUpgrade()
// Beside the question who is there: one way to the server less before the first room is seen.
void queries.prefetchQuery(roomsQuery)
void queries.prefetchQuery(agentsQuery)
const room = roomAt(location.pathname)
if (room !== undefined) {
  void queries.prefetchQuery(roomQuery(room))
  askEarly(room)
}
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)

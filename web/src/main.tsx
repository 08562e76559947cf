import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './components/app.tsx'
import { startPage } from './state/page.ts'

const root = document.querySelector('#root')
if (root === null) throw new Error('index.html has no #root')

const life = new AbortController()
const page = startPage(window.location, life.signal)
// A module that is replaced while developing leaves no second connection behind.
import.meta.hot?.dispose(() => life.abort())

createRoot(root).render(
  <StrictMode>
    <App page={page} />
  </StrictMode>,
)

import '@fontsource-variable/source-sans-3'
import './style/tokens.css'
import './style/base.css'
import './style/controls.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './components/app.tsx'

const root = document.querySelector('#root')
if (root === null) throw new Error('index.html has no #root')

// After an upgrade the chunks of the page that is open are no longer there.
window.addEventListener('vite:preloadError', () => location.reload())

createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)

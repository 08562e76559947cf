import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { createLogger, defineConfig } from 'vite'
import type { Logger, Plugin, ProxyOptions } from 'vite'
import react from '@vitejs/plugin-react'

const backend = `http://127.0.0.1:${process.env['COURANTE_PORT_BACKEND'] ?? '8770'}`
// Not changeOrigin: the backend compares Origin with Host, and both have to be the page's.
const toBackend: ProxyOptions = {
  target: backend,
  ws: true,
  configure: proxy => {
    // The page has to see a backend's death in the middle of an event stream; the proxy alone would leave it waiting.
    proxy.on('proxyRes', (answer, _request, response) => {
      answer.on('close', () => {
        if (!answer.complete) response.destroy()
      })
    })
  },
}

/** A new one for each start of the dev server: what Vite itself puts inline may run, what a message brings may not. */
const nonce = randomBytes(16).toString('base64')

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  plugins: [react(), framePolicy(), compressed()],
  // Its bundle, which is in parts already: the dev server would take long to make one, for what few messages need.
  resolve: { alias: { mermaid: 'mermaid/dist/mermaid.esm.min.mjs' } },
  html: command === 'serve' ? { cspNonce: nonce } : {},
  clearScreen: false,
  customLogger: quietProxy(createLogger(), Date.now),
  server: {
    host: '127.0.0.1',
    port: Number(process.env['PORT'] ?? '5173'),
    strictPort: true,
    headers: {
      'content-security-policy': `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; connect-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; frame-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
    proxy: {
      '/v1': toBackend,
      '/api': toBackend,
      '/files': toBackend,
      '/welcome': toBackend,
      '/healthz': toBackend,
    },
    // The first visitor finds the modules transformed.
    warmup: { clientFiles: ['./src/main.tsx'] },
  },
  optimizeDeps: {
    // Named here, so that the start needs no scan of the sources; a new dependency of the page has to be added.
    noDiscovery: true,
    include: [
      'react',
      'react-dom',
      'react-dom/client',
      'react/jsx-runtime',
      'react/jsx-dev-runtime',
      'zod/mini',
      'wouter',
      '@tanstack/react-query',
      'react-virtuoso',
      'wouter/use-browser-location',
      'mdast-util-from-markdown',
      'mdast-util-gfm',
      'mdast-util-math',
      'mdast-util-to-hast',
      'micromark-extension-gfm',
      'micromark-extension-math',
      'hast-util-sanitize',
      'lowlight',
      'katex',
    ],
  },
  build: {
    // The worklet has to stay a file: a data: URL would need a hole in the page's content security policy.
    assetsInlineLimit: 0,
    // kB. What is larger than usual is parts of Mermaid, which come when a diagram needs them.
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      input: ['index.html', 'mermaid.html'].map(name => join(import.meta.dirname, name)),
    },
  },
}))

/** The frame in which diagrams are drawn has a policy of its own, as services/backend/page.ts has it for the built page. */
function framePolicy(): Plugin {
  const policy = `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'unsafe-inline'; connect-src 'self'; font-src 'self'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'`
  return {
    name: 'frame-policy',
    configureServer: server => {
      server.middlewares.use('/mermaid.html', (_request, response, next) => {
        const set = response.setHeader.bind(response)
        // Vite sets the page's own last.
        response.setHeader = (name, value) =>
          set(name, name.toLowerCase() === 'content-security-policy' ? policy : value)
        next()
      })
    },
  }
}

/** Writes `.br` and `.gz` beside what gains by it: the backend sends these and compresses nothing itself. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async writeBundle({ dir = '' }, bundle) {
      for (const name of Object.keys(bundle)) {
        const path = join(dir, name)
        const bytes = /\.(js|css|html|svg|json)$/.test(name) ? await readFile(path) : Buffer.alloc(0)
        if (bytes.length < 1024) continue
        // 11 would make it 10 % smaller, and take 8 s more of each build.
        const params = {
          [constants.BROTLI_PARAM_QUALITY]: 5,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        }
        await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }))
        await writeFile(`${path}.gz`, await promisify(gzip)(bytes))
      }
    },
  }
}

/**
 * Vite prints a stack trace for each request that finds no backend, and the page asks every second while the backend
 * restarts. One line in ten seconds says the same.
 */
function quietProxy(logger: Logger, now: () => number): Logger {
  const printed = logger.error.bind(logger)
  let lastSaid = -Infinity
  logger.error = (message, options) => {
    if (!/(http|ws) proxy (socket )?error/.test(message)) {
      printed(message, options)
      return
    }
    if (now() - lastSaid < 10_000) return
    lastSaid = now()
    logger.warn(`no answer from the backend at ${backend}; the page tries again by itself`)
  }
  return logger
}

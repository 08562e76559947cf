import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Preloaded by setup.sh where Courante is an installed package: Node strips no types below node_modules
 * (ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING), so the same is done here, for Courante's own files only. It costs 45 to
 * 65 ms a start, most of it the stripper's own, which Node's cache of compiled files spares a clone.
 */
const own = new URL('..', import.meta.url).href

registerHooks({
  load(url, context, nextLoad) {
    const mine =
      url.endsWith('.ts') && url.startsWith(own) && !url.slice(own.length).includes('node_modules/')
    if (!mine) return nextLoad(url, context)
    const source = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
    return { format: 'module', source, shortCircuit: true }
  },
})

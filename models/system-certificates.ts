import type { Dispatcher } from 'undici'

/**
 * Trusts what this machine's owner trusts, such as a company's proxy that looks into all that comes: a connection that Node's own
 * certificates refuse is made once more with the system's. Not from the start: reading them takes 50 ms and 8 MB.
 */
export function trustingSystem(agent: Dispatcher): Dispatcher {
  return agent.compose(dispatch => (options, handler) => {
    const wasTrusted = isTrusted
    const again: Dispatcher.DispatchHandler = {
      onRequestStart: (...words) => handler.onRequestStart?.(...words),
      onRequestUpgrade: (...words) => handler.onRequestUpgrade?.(...words),
      onResponseStart: (...words) => handler.onResponseStart?.(...words),
      onResponseData: (...words) => handler.onResponseData?.(...words),
      onResponseEnd: (...words) => handler.onResponseEnd?.(...words),
      onResponseError: (controller, error) => {
        const { code } = error as NodeJS.ErrnoException
        if (wasTrusted || !refusals.has(code ?? '')) handler.onResponseError?.(controller, error)
        // Nothing was sent yet, and nothing came.
        else void trustSystem().then(() => dispatch(options, handler))
      },
    }
    return dispatch(options, again)
  })
}

/** OpenSSL's words for a chain that ends nowhere that is known. */
const refusals = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

let isTrusted = false

async function trustSystem(): Promise<void> {
  if (isTrusted) return
  const { getCACertificates, setDefaultCACertificates } = await import('node:tls')
  setDefaultCACertificates([...new Set([...getCACertificates('default'), ...getCACertificates('system')])])
  isTrusted = true
}

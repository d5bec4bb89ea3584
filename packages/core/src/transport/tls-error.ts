/**
 * Whether an error, or one of its causes, says that the server's certificate does not verify: by OpenSSL's names for that, as Node and
 * Bun give them, or in the words of rustls, as Deno does.
 */
export function isTlsError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return (
    openssl.test(String(code)) ||
    error.message.includes('invalid peer certificate') ||
    isTlsError(error.cause)
  )
}

const openssl =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_)/

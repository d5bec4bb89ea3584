/**
 * Whether an error or one of its causes says that the server's certificate does not verify. Node and Bun use the error codes
 * of OpenSSL, Deno uses the message of rustls.
 */
export function isTlsError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return (
    OPENSSL_CODES.test(String(code)) ||
    error.message.includes('invalid peer certificate') ||
    isTlsError(error.cause) ||
    (error instanceof AggregateError && error.errors.some(isTlsError))
  )
}

const OPENSSL_CODES =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_|UNSPECIFIED$)/

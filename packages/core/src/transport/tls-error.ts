/** Whether an error, or one of its causes, says that the server's certificate does not verify: OpenSSL's names for that, as Node gives them. */
export function isTlsError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return certificate.test(String((error as { code?: unknown }).code)) || isTlsError(error.cause)
}

const certificate =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_)/

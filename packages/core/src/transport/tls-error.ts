/** Whether an error, or one of its causes, says that the server's certificate does not verify: OpenSSL's names for that, as Node gives them. */
export function isTlsError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return certificate.test(String((error as { code?: unknown }).code)) || isTlsError(error.cause)
}

const certificate = /CERT|LEAF|CRL_|_CA$|_PURPOSE|PATH_LENGTH/

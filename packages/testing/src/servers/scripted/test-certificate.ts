/**
 * A self-signed certificate for `localhost`, `127.0.0.1` and `::1`, valid until 2120. Only for tests: its key is public.
 * A client accepts it if `cert` is its CA. A client with the defaults must reject it.
 */
export const testCertificate: { readonly cert: string; readonly key: string } = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIBATAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFyeHNzZSB0
ZXN0IHNlcnZlcjAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHDEa
MBgGA1UEAwwRcnhzc2UgdGVzdCBzZXJ2ZXIwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAAT0FWDcpVzsf60elF2KHue0VlVFM/v+bEyu1jJSXnY3IfKZJNdBI608F7Ua
p0yK5myVP8g0+Zt0lAXmZKTs7FkQo2AwXjAPBgNVHRMBAf8EBTADAQH/MCwGA1Ud
EQQlMCOCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAdBgNVHQ4E
FgQUKOV/xBcqLeO854gRxxEEm5vC6R0wCgYIKoZIzj0EAwIDSQAwRgIhAPLOeyJh
W+Z33EcdtrJ+ang0mHULiUbuAJDC/ZiLlBagAiEAjf2/ok6FbEbVLHOBt1JOqeqb
KQGZwAMJuD0Zxqp3E/w=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkJ+56HAMCX2YiipZ
6jerMw2zEVonXcCKdRFv1woE7DuhRANCAAT0FWDcpVzsf60elF2KHue0VlVFM/v+
bEyu1jJSXnY3IfKZJNdBI608F7Uap0yK5myVP8g0+Zt0lAXmZKTs7FkQ
-----END PRIVATE KEY-----
`,
}

/** The page, which `build-page.mjs` writes to dist/page.json. */
declare module '#page' {
  const page: {
    readonly html: string
    /** The page's Content-Security-Policy: nothing but its own style and script. */
    readonly policy: string
  }
  export default page
}

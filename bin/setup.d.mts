/** What the TypeScript of the tests uses of setup.mjs. */
export function ensureJax(): { readonly python: string; readonly ready: Promise<boolean> };

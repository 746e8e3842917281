/** Looks of the page; its hash is in the policy below, and a test compares the two. */
export const NOT_FOUND_STYLE =
  ":root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-content:center;padding:24px;box-sizing:border-box;" +
  "font:17px/1.55 system-ui,sans-serif;background:Canvas;color:CanvasText}main{max-width:34rem}h1{font-size:28px;line-height:1.2;margin:0 0 8px}" +
  "p{margin:0 0 16px}a{display:inline-block;padding:10px 18px 10px 0}";

const LINKS = [
  ["/", "The map"],
  ["/docs", "The API"],
  ["/docs/embedding", "Embed the map"],
  ["/about", "About Stratum"],
] as const;

/**
 * What a browser shows at an address where nothing is; everybody else gets a problem. Says nothing of what was asked for.
 * @param prefix path that the service is under, without a slash at the end
 */
export const notFoundPage = (prefix: string): string =>
  [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta name="robots" content="noindex"><title>Nothing here: Stratum</title><style>${NOT_FOUND_STYLE}</style></head><body><main>`,
    "<h1>There is nothing at this address</h1><p>It may have been mistyped, or what was here is gone: reports disappear after 90 days.</p><nav>",
    ...LINKS.map(([path, name]) => `<a href="${prefix}${path}">${name}</a> `),
    "</nav></main></body></html>",
  ].join("");

export const NOT_FOUND_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  Vary: "Accept",
  "Content-Security-Policy":
    "default-src 'none'; style-src 'sha256-CfWpfJVxFoploR8OBTc2qSfhjgtTsaIupJcOUg6WJco='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

import { chooseTheme } from "../map/theme.ts";
import type { Scheme } from "./scheme.ts";

const ASKS_FOR_DARK = "(prefers-color-scheme: dark)";
/** What the stylesheets' rules said before they were changed. */
const asWritten = new Map<CSSMediaRule, string>();

/**
 * Puts the page and its map into a scheme. A host's page may be dark while the reader's system is light, so the answer to
 * every `@media (prefers-color-scheme: dark)` is put into the rules themselves. To be called again after stylesheets came.
 */
export function applyScheme(scheme: Scheme): void {
  document.documentElement.style.colorScheme = scheme === "auto" ? "" : scheme;
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) if (rule instanceof CSSMediaRule) answer(rule, scheme);
  }
  chooseTheme(scheme === "auto" ? undefined : scheme);
}

function answer(rule: CSSMediaRule, scheme: Scheme): void {
  const written = asWritten.get(rule) ?? rule.media.mediaText;
  if (!written.includes(ASKS_FOR_DARK)) return;
  asWritten.set(rule, written);
  const always = scheme === "dark" ? "(min-width: 0px)" : "(max-width: 0px)";
  rule.media.mediaText = scheme === "auto" ? written : written.replace(ASKS_FOR_DARK, always);
}

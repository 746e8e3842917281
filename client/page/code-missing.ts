import { CODE_MISSING } from "../words/words.ts";
import type { Notices } from "./notices.ts";

/**
 * Says that code which comes later did not come. Browsers remember that until the page is loaded again, so to ask once more would
 * not help; the address brings back what was open.
 */
export const sayCodeMissing =
  (notices: Notices) =>
  (error: unknown): void => {
    console.error(error);
    notices.set("code", CODE_MISSING, { label: "Reload", run: () => location.reload() });
  };

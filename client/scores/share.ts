import type { Notices } from "../page/notices.ts";
import { element } from "../ui/dom.ts";

/**
 * Hands an address on: by the system's own sheet where there is one, else by the clipboard, else to copy by hand from a field
 * after `beside`.
 */
export async function share(title: string, url: string, beside: Element | null, notices: Notices): Promise<void> {
  if (navigator.share) {
    // Whoever closes the sheet has changed their mind.
    await navigator.share({ title, url }).catch(() => {});
    return;
  }
  try {
    await navigator.clipboard.writeText(url);
    notices.say("Link copied.");
  } catch {
    const field = element("input", {
      class: "link-field",
      readonly: true,
      value: url,
      "aria-label": "Link to this",
    });
    beside?.after(field);
    field.select();
  }
}

import type { Notices } from "../page/notices.ts";
import { element } from "../ui/dom.ts";

/** Hands the page's address on: by the system's own sheet where there is one, else by the clipboard, else to copy by hand. */
export async function sharePage(title: string, notices: Notices): Promise<void> {
  const url = location.href;
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
      "aria-label": "Link to this card",
    });
    document.querySelector("#score-card header")?.after(field);
    field.select();
  }
}

import type { Mail } from "../../ports/mail.ts";
import { RESET_SECONDS, VERIFY_SECONDS } from "./limits.ts";

/**
 * The words of all mails. Nothing that anybody typed in is told in them, not even a name: who signs up with a stranger's address would
 * have us send it to them.
 */
export const AUTH_MAILS = {
  verify: (to: string, link: string): Mail =>
    mail(to, "Confirm your address for STRATUM", [
      "Somebody, probably you, made a STRATUM account with this address. Open this link to confirm it:",
      { link, text: "Confirm this address" },
      `It works for ${hours(VERIFY_SECONDS)}. If it was not you, do nothing: an account that is not confirmed cannot be used, and is deleted.`,
    ]),
  reset: (to: string, link: string): Mail =>
    mail(to, "A new password for STRATUM", [
      "Somebody, probably you, asked for a new password of your STRATUM account. Open this link to choose one:",
      { link, text: "Choose a new password" },
      `It works for ${hours(RESET_SECONDS)}, once. If it was not you, do nothing: your password stays as it is.`,
    ]),
  existing: (to: string, link: string): Mail =>
    mail(to, "You have a STRATUM account already", [
      "Somebody, probably you, wanted to make a STRATUM account with this address. There is one already; sign in here, or ask for a new password:",
      { link, text: "Sign in" },
      "If it was not you, do nothing: nothing was changed.",
    ]),
} as const;

type Paragraph = string | { readonly link: string; readonly text: string };

function mail(to: string, subject: string, paragraphs: readonly Paragraph[]): Mail {
  const text = paragraphs.map((each) => (typeof each === "string" ? each : each.link)).join("\n\n");
  const html = paragraphs
    .map((each) => `<p>${typeof each === "string" ? escapeHtml(each) : anchor(each)}</p>`)
    .join("\n");
  return { to, subject, text: `${text}\n`, html: `<!doctype html>\n<html lang="en"><body>\n${html}\n</body></html>\n` };
}

const anchor = ({ link, text }: { readonly link: string; readonly text: string }): string =>
  `<a href="${escapeHtml(link)}">${escapeHtml(text)}</a>`;

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

const hours = (seconds: number): string => (seconds === 3600 ? "an hour" : `${seconds / 3600} hours`);

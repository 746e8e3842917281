import { ACCOUNT_WORDS as WORDS } from "../../words/dashboard-account-words.ts";

/** Names in what browsers say of themselves. Most name others after their own, so the first that is there counts. */
const BROWSERS = [
  ["Edg/", "Edge"],
  ["OPR/", "Opera"],
  ["Firefox/", "Firefox"],
  ["Chrome/", "Chrome"],
  ["Safari/", "Safari"],
] as const;
const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS X", "macOS"],
  ["CrOS", "ChromeOS"],
  ["Linux", "Linux"],
] as const;

/** "Firefox, Linux": enough to tell one's own from a stranger's. */
export function browserName(userAgent: string): string {
  const first = (of: readonly (readonly [string, string])[]) => of.find(([mark]) => userAgent.includes(mark))?.[1];
  return [first(BROWSERS), first(SYSTEMS)].filter(Boolean).join(", ") || WORDS.unknownBrowser;
}

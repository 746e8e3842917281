import { DAY_MS, startOfDay } from "../../kit/utc-time.ts";
import type { App, AppParts } from "../core/app-parts.ts";
import { publicUrl } from "../core/public-address.ts";

const PATH = "/.well-known/security.txt";
/** RFC 9116 recommends less than a year. */
const GOOD_FOR_MS = 364 * DAY_MS;
/** Says what SECURITY.md says, which has no address of its own. */
const OWN_PAGE = "/about#security";

/** Mounts `/.well-known/security.txt`: where to tell of a vulnerability, by RFC 9116. */
export function mountSecurityText(app: App, { clock, settings, publicUrlFrom }: AppParts): void {
  app.get(PATH, (c) => {
    const { securityContact } = settings;
    // Only an address that is configured is worth being called the right one.
    const isConfigured = publicUrlFrom?.length === 0;
    const lines = [
      `Contact: ${securityContact ?? publicUrl(c) + OWN_PAGE}`,
      `Expires: ${new Date(startOfDay(clock.now()) + GOOD_FOR_MS).toISOString()}`,
      "Preferred-Languages: en",
      ...(isConfigured ? [`Canonical: ${publicUrl(c)}${PATH}`] : []),
    ];
    return c.body(`${lines.join("\n")}\n`, 200, {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "public, max-age=3600",
    });
  });
}

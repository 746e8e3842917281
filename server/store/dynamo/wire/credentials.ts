import { StoreUnavailableError } from "../../../ports/report-store.ts";
import type { Credentials } from "./sigv4.ts";

/** Credentials that may be temporary. */
export interface Identity extends Credentials {
  readonly expiration?: Date | undefined;
}

/** What requests are signed with at a moment; at once while it is known and good. Rejects when it cannot be had. */
export type CredentialSource = (nowMs: number) => Credentials | Promise<Credentials>;

/** So long before they end temporary credentials are renewed, beside the requests; */
const RENEW_MS = 5 * 60_000;
/** and from then on requests wait for the new ones. */
const LAST_MS = 60_000;

/** Keeps the credentials that a provider gives. A provider that fails beside requests is asked again by the next. */
export function keepCredentials(provide: () => Promise<Identity>): CredentialSource {
  let kept: Identity | undefined;
  let renewing: Promise<Identity> | undefined;

  async function renew(): Promise<Identity> {
    try {
      kept = await provide();
      return kept;
    } catch (error) {
      // There were some: whoever gives them is away for a while.
      if (kept !== undefined)
        throw new StoreUnavailableError("AWS's credentials could not be renewed", { cause: error });
      throw error;
    } finally {
      renewing = undefined;
    }
  }

  return (nowMs) => {
    const leftMs = kept === undefined ? 0 : (kept.expiration?.getTime() ?? Number.POSITIVE_INFINITY) - nowMs;
    if (kept !== undefined && leftMs > RENEW_MS) return kept;
    renewing ??= renew();
    if (kept === undefined || leftMs <= 0) return renewing;
    const held = kept;
    // Those that are kept still sign, should the new ones not be had.
    if (leftMs <= LAST_MS) return renewing.catch(() => held);
    renewing.catch(() => {});
    return held;
  };
}

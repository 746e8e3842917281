/** What accounts and their sign-in are bounded by. `docs/limits.md` tells these figures, and a test compares the two. */

export const PASSWORD_LENGTH = { min: 8, max: 128 };
export const MAX_NAME_LENGTH = 100;
export const MAX_EMAIL_LENGTH = 254;
/** Of a request to `/api/auth/*` or `/api/account`. */
export const MAX_AUTH_BODY_BYTES = 16_384;

/** Requests of one client a minute, in each process: what changes something, and what reads. */
export const AUTH_REQUESTS_PER_MINUTE = { changes: 60, reads: 600 };

const QUARTER_SECONDS = 900;
const HOUR_SECONDS = 3600;

/** So often in so many seconds, counted for all processes. */
export interface AttemptLimit {
  readonly most: number;
  readonly seconds: number;
}

/** Wrong passwords of one account: from one network, and from everywhere. */
export const WRONG_PASSWORDS = {
  fromNetwork: { most: 10, seconds: QUARTER_SECONDS },
  fromAll: { most: 100, seconds: HOUR_SECONDS },
} as const satisfies Record<string, AttemptLimit>;

/** Mails to one address, and mails that one network has us send. */
export const MAILS = {
  toAddress: { most: 5, seconds: HOUR_SECONDS },
  byNetwork: { most: 50, seconds: HOUR_SECONDS },
} as const satisfies Record<string, AttemptLimit>;

export const SESSION_SECONDS = 7 * 86_400;
/** Used again after so long, a session lasts as long as a new one. */
export const SESSION_RENEWED_AFTER_SECONDS = 86_400;
/** Of one account; the oldest end first. */
export const MAX_SESSIONS = 50;
/** So long a process believes what it read of a session: a revoked one may go on working in others. */
export const SESSION_TRUSTED_MS = 5_000;

export const VERIFY_SECONDS = 86_400;
export const RESET_SECONDS = HOUR_SECONDS;
/** An account whose address was not verified for so many days is forgotten by the next sign-up. */
export const UNVERIFIED_DAYS = 7;

/** No answer that could tell whether there is an account comes sooner, whichever it is. */
export const EVEN_ANSWER_MS = 500;
/** Hashes of passwords under way at once, so that sign-ins leave the processor to tiles, and waiting for their turn. */
export const HASHES = { atOnce: 2, waiting: 64 };

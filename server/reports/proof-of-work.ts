import { type Challenge, createChallenge, randomInt, verifySolution } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { z } from "zod";
import { lineOf } from "../kit/network-address.ts";
import { sha256Hex } from "../kit/sha256.ts";
import { DAY_MS, formatDay, startOfDay } from "../kit/utc-time.ts";
import type { Clock } from "../ports/clock.ts";
import type { ReportStore } from "../ports/report-store.ts";

export interface ProofsOfWork {
  /** A puzzle for whoever has this address; about a second's work of a phone. @throws StoreUnavailableError */
  challenge(address: string): Promise<Challenge>;
  /**
   * Whether the answer to one of our puzzles, sent as text, is right, in time, of this address and not used for another request than `use`.
   * @throws StoreUnavailableError
   */
  accepts(answer: string, by: { readonly address: string; readonly use: string }): Promise<boolean>;
}

/** Iterations of PBKDF2 of one try: 0.2 to 1 ms. More make a puzzle that answers cost us as much as our tries cost others. */
const ITERATIONS = 1_000;
/** Tries that a puzzle takes, at random between these. */
const [LEAST_TRIES, MOST_TRIES] = [300, 600];
export const PROOF_LIFETIME_MS = 600_000;
/** Of base64. One of ours has about 900. */
const MAX_ANSWER = 4_096;

const answerSchema = z.object({
  challenge: z.object({
    parameters: z.looseObject({
      algorithm: z.literal("PBKDF2/SHA-256"),
      cost: z.literal(ITERATIONS),
      keySignature: z.string(),
      data: z.object({ day: z.string(), until: z.number(), of: z.string() }),
    }),
    signature: z.string(),
  }),
  solution: z.object({ counter: z.int(), derivedKey: z.string() }),
});

/**
 * Puzzles of `altcha-lib`, signed with a secret of the day that all processes share through the store: whoever answers may meet another process
 * than whoever asked. Only what was answered is kept, as a hash, for a day. The address is in a puzzle as a hash with the secret.
 */
export function createProofsOfWork({
  store,
  clock,
}: {
  readonly store: ProofStore;
  readonly clock: Clock;
}): ProofsOfWork {
  const secretOf = createDaySecrets(store);
  const holderOf = (address: string, secret: string) => sha256Hex(`${secret} ${lineOf(address)}`).slice(0, 16);

  async function hasSolved(answer: string, address: string): Promise<string | undefined> {
    const parsed = answer.length <= MAX_ANSWER ? answerSchema.safeParse(decodeAnswer(answer)) : undefined;
    if (!parsed?.success) return undefined;
    const { challenge, solution } = parsed.data;
    const { day, until, of } = challenge.parameters.data;
    const now = clock.now();
    if (until < now || (day !== formatDay(now) && day !== formatDay(now - PROOF_LIFETIME_MS))) return undefined;
    const secret = await secretOf(day, now);
    if (of !== holderOf(address, secret)) return undefined;
    const checked = { challenge: challenge as unknown as Challenge, solution, deriveKey };
    const { verified } = await verifySolution({ ...checked, ...signedWith(secret) }).catch(() => ({ verified: false }));
    return verified ? challenge.signature : undefined;
  }

  return {
    async challenge(address) {
      const now = clock.now();
      const day = formatDay(now);
      const secret = await secretOf(day, now);
      return createChallenge({
        algorithm: "PBKDF2/SHA-256",
        cost: ITERATIONS,
        counter: randomInt(MOST_TRIES, LEAST_TRIES),
        data: { day, until: now + PROOF_LIFETIME_MS, of: holderOf(address, secret) },
        deriveKey,
        ...signedWith(secret),
      });
    },
    async accepts(answer, { address, use }) {
      const puzzle = await hasSolved(answer, address);
      if (puzzle === undefined) return false;
      const claim = { fingerprint: sha256Hex(use), reportId: "proof" };
      return (await store.claimKey(sha256Hex(`proof ${puzzle}`), claim)).fingerprint === claim.fingerprint;
    },
  };
}

type ProofStore = Pick<ReportStore, "remember" | "claimKey">;

const signedWith = (secret: string) => ({
  hmacSignatureSecret: `sign ${secret}`,
  hmacKeySignatureSecret: `key ${secret}`,
});

function decodeAnswer(answer: string): unknown {
  try {
    return JSON.parse(atob(answer));
  } catch {
    return undefined;
  }
}

/** The secret of a UTC day, which every process reads once. It outlives the day by as long as its puzzles do. */
function createDaySecrets(store: ProofStore): (day: string, nowMs: number) => Promise<string> {
  const secrets = new Map<string, Promise<string>>();
  return (day, nowMs) => {
    const known = secrets.get(day);
    if (known !== undefined) return known;
    const untilMs = startOfDay(nowMs) + DAY_MS + PROOF_LIFETIME_MS;
    const secret = store.remember(`proof-secret/${day}`, crypto.randomUUID() + crypto.randomUUID(), { untilMs });
    secrets.set(day, secret);
    secret.catch(() => secrets.delete(day));
    for (const old of [...secrets.keys()].sort().slice(0, -2)) secrets.delete(old);
    return secret;
  };
}

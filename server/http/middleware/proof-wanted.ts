import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { createBurstWatch } from "../../kit/burst-watch.ts";
import { lineOf, siteOf } from "../../kit/network-address.ts";
import { createProofsOfWork } from "../../reports/proof-of-work.ts";
import type { AppEnv, AppParts } from "../core/app-parts.ts";
import { ProblemError } from "../core/problem.ts";

/** Ends a request of a burst that brings no proof of work, with 429 and a puzzle. @throws ProblemError, StoreUnavailableError */
export type ProofGate = (c: Context<AppEnv>, address: string, body: unknown) => Promise<void>;

/** The header of the answer to a puzzle. */
export const proofHeaderSchema = z.string().optional().openapi({
  description:
    "Only where an answer 429 of the type proof-wanted had asked for it: base64 of the JSON of `{challenge, solution}`, as altcha-lib solves the `challenge` of that answer.",
});

export const PROOF_WANTED =
  "Too many from this address; Retry-After says when. With the type `urn:stratum:problem:proof-wanted` at once, when the request is repeated with the solution of `challenge` in the header Proof-Of-Work.";

/** A burst of all is this many times what one client's is. */
const CLIENTS = 10;

/**
 * Asks for a proof of work while a client, its network, or everybody together, sends far more than usual; never otherwise. One proof is good for one request, and with an
 * Idempotency-Key for its repetitions.
 * @param perMinute what one client, and all of one network, may send before it is asked
 */
export function createProofGate({ store, clock, settings }: AppParts, perMinute: number): ProofGate {
  if (settings.proofOfWork !== true) return async () => {};
  const bursts = createBurstWatch({ clock, clientPerMinute: perMinute, allPerMinute: perMinute * CLIENTS });
  const proofs = createProofsOfWork({ store, clock });

  return async (c, address, body) => {
    const waitSeconds = bursts.note(lineOf(address), siteOf(address));
    if (waitSeconds === 0) return;
    const answer = c.req.header("Proof-Of-Work");
    const key = c.req.header("Idempotency-Key") ?? crypto.randomUUID();
    const use = JSON.stringify([c.req.path, key, body]);
    if (answer !== undefined && (await proofs.accepts(answer, { address, use }))) return;
    throw new ProblemError({
      status: 429,
      kind: "proof-wanted",
      title: "A proof of work is wanted",
      detail: "Very many come just now. Repeat the request with the solution of `challenge`, or later.",
      headers: { "Retry-After": `${waitSeconds}` },
      members: { challenge: await proofs.challenge(address) },
    });
  };
}

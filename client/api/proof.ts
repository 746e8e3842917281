import type { Challenge, Solution } from "altcha-lib";
import { type ProofHeaders, RequestError } from "./api.ts";

/** Longer than the slowest phone needs by far; then the report waits in the outbox as it does for any 429. */
const PATIENCE_MS = 60_000;

/**
 * Solves a puzzle of the server's beside the page: the header's value, or undefined where it cannot be. Browsers keep the functions that it takes to secure
 * origins and to this machine.
 */
function proveWork(challenge: Challenge): Promise<string | undefined> {
  if (!isSecureContext) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./proof-worker.ts", import.meta.url), { type: "module" });
    const finish = (solution?: Solution) => {
      worker.terminate();
      resolve(solution && btoa(JSON.stringify({ challenge, solution })));
    };
    worker.addEventListener("error", () => finish());
    worker.addEventListener("message", ({ data }: MessageEvent<Solution | { error: unknown } | null>) => {
      finish(data !== null && "derivedKey" in data ? data : undefined);
    });
    worker.postMessage({ type: "work", challenge, counterStart: 0, counterStep: 1, timeout: PATIENCE_MS });
  });
}

/** Sends a request, and once more with a proof of work where the server asks for one, which it does in bursts. @throws RequestError */
export async function withProof<T>(send: (proof: ProofHeaders) => Promise<T>): Promise<T> {
  try {
    return await send({});
  } catch (error) {
    if (!(error instanceof RequestError) || error.challenge === undefined) throw error;
    const proof = await proveWork(error.challenge);
    if (proof === undefined) throw error;
    return send({ "Proof-Of-Work": proof });
  }
}

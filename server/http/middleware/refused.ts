import type { Refusal } from "../../accounts/admission.ts";
import { ProblemError } from "../core/problem.ts";

/** A refusal of a call, as a problem: 403, or 429 when there will be more later. */
export function refused({ kind, detail, waitSeconds, headers }: Refusal): ProblemError {
  if (waitSeconds === undefined) return new ProblemError({ status: 403, kind, detail });
  return new ProblemError({
    status: 429,
    ...(kind !== "minute-limit" && { kind }),
    detail,
    headers: { ...headers, "Retry-After": `${waitSeconds}` },
  });
}

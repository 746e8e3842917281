import type { Context } from "hono";
import { mayModerate, type Task } from "../../moderation/may-moderate.ts";
import type { AppEnv } from "../core/app-parts.ts";
import { ProblemError, problemAnswer } from "../core/problem.ts";
import { KEY_NEEDED, relationalAnswers } from "./api-key.ts";

/** What every route of moderators may answer beside its own. */
export const moderationAnswers = {
  400: relationalAnswers[400],
  401: problemAnswer("No key and no session, or none that there is."),
  403: problemAnswer("The key's account may not moderate there: operators say who may, no plan does."),
  429: relationalAnswers[429],
  500: relationalAnswers[500],
  503: problemAnswer("A store does not answer; Retry-After says when."),
};

/** Who sent the key that the routes need. */
export function moderatorOf(c: Context<AppEnv>) {
  const account = c.get("caller")?.account;
  if (account === undefined) throw new ProblemError(KEY_NEEDED);
  return account;
}

/** @throws ProblemError 403 when the caller may not */
export function requireModerator(c: Context<AppEnv>, task: Task, city: string | undefined): void {
  if (mayModerate(moderatorOf(c), task, city)) return;
  const where = city === undefined ? "" : ` in ${city}`;
  throw new ProblemError({ status: 403, kind: "no-moderator", detail: `This account may not moderate${where}.` });
}

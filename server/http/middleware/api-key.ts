import { ProblemError, problemAnswer, unexpectedAnswer } from "../core/problem.ts";

/** What is said of keys, in problems and in the OpenAPI document. Who may ask for what: `accounts/access.ts`. */

export const KEY_IN_ADDRESS = {
  field: "key",
  message: "must come in the header Authorization: Bearer KEY; addresses end up in logs",
};

export const KEY_NEEDED = {
  status: 401,
  kind: "key-needed",
  detail: "This needs an API key, in the header Authorization: Bearer KEY, or a session.",
  headers: { "WWW-Authenticate": 'Bearer realm="stratum"' },
};

export const PLAN_NEEDED = {
  status: 401,
  kind: "plan-needed",
  detail:
    "Exports are part of the plans agent and city, which /api/plans tells: send the API key of one, in the header Authorization: Bearer KEY.",
  headers: { "WWW-Authenticate": 'Bearer realm="stratum"' },
};

export const unknownKey = () =>
  new ProblemError({
    status: 401,
    kind: "unknown-key",
    detail: "There is no such key, or it was revoked.",
    headers: { "WWW-Authenticate": 'Bearer realm="stratum", error="invalid_token"' },
  });

/** Name of the security scheme that the OpenAPI document has for keys. */
export const KEY_SCHEME = "key";
/** Of a route that takes a key and does without. */
export const OPTIONAL_KEY = [{}, { [KEY_SCHEME]: [] }];

/** What every route that PostgreSQL answers may answer beside its own. */
export const relationalAnswers = {
  400: problemAnswer("A parameter is wrong; `errors` names it, and its limit."),
  401: problemAnswer("There is no such key, or it was revoked; or this needs one."),
  403: problemAnswer("The plan of the key's account does not include this, or the key itself is not for it."),
  429: problemAnswer("Too many questions from this address, or a quota is used up; Retry-After says when."),
  ...unexpectedAnswer,
  503: problemAnswer("PostgreSQL does not answer, or as many exports run as may; Retry-After says when."),
};

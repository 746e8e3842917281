import { sleep } from "../../../kit/wait.ts";
import { NoAnswerError, ServiceError } from "./errors.ts";

export interface RetryOptions {
  readonly sleep?: (ms: number) => Promise<void>;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** Tries again what may succeed the next time. */
export interface Retries {
  /**
   * @param attempt told the how many-th it is, from 1
   * @throws the last failure, with `$metadata.attempts` if it is a ServiceError or a NoAnswerError
   */
  run<T>(attempt: (attempts: number) => Promise<T>): Promise<T>;
}

export const MAX_ATTEMPTS = 4;
export const BASE_MS = 25;
export const THROTTLED_BASE_MS = 1000;
const LONGEST_MS = 20_000;
/** DynamoDB may ask for a later retry, but no more than so much. */
const LONGEST_ASKED_MS = 5000;

/** Retries are paid for from a budget, which successes fill up: a store that fails for all is not asked four times by all. */
const BUDGET = 500;
const COST = 14;
const THROTTLED_COST = 5;
/** What a success gives that was not retried. */
const INCOME = 1;

/** Names of errors that say: not so fast. */
export const THROTTLES: ReadonlySet<string> = new Set([
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionInProgressException",
]);

/**
 * The SDK's standard policy with its figures for DynamoDB: four attempts, exponential backoff with full jitter, and a budget.
 */
export function createRetries({ sleep: wait = sleep, random = Math.random }: RetryOptions = {}): Retries {
  let budget = BUDGET;
  return {
    async run(attempt) {
      let lastCost = INCOME;
      for (let attempts = 1; ; attempts++) {
        try {
          const value = await attempt(attempts);
          budget = Math.min(BUDGET, budget + lastCost);
          return value;
        } catch (error) {
          const kind = kindOf(error);
          const cost = kind === "throttled" ? THROTTLED_COST : COST;
          if (kind === "final" || attempts === MAX_ATTEMPTS || budget < cost) throw withAttempts(error, attempts);
          budget -= cost;
          lastCost = cost;
          const baseMs = kind === "throttled" ? THROTTLED_BASE_MS : BASE_MS;
          const delayMs = random() * Math.min(LONGEST_MS, baseMs * 2 ** (attempts - 1));
          await wait(Math.max(delayMs, Math.min(askedMs(error), delayMs + LONGEST_ASKED_MS)));
        }
      }
    },
  };
}

function kindOf(error: unknown): "throttled" | "transient" | "final" {
  if (error instanceof NoAnswerError) return "transient";
  if (!(error instanceof ServiceError)) return "final";
  if (error.isMended) return "transient";
  const { httpStatusCode: status } = error.$metadata;
  if (status === 429 || THROTTLES.has(error.name)) return "throttled";
  return [500, 502, 503, 504].includes(status) || error.name.startsWith("RequestTimeout") ? "transient" : "final";
}

const askedMs = (error: unknown): number => (error instanceof ServiceError ? (error.retryAfterMs ?? 0) : 0);

function withAttempts(error: unknown, attempts: number): unknown {
  if (error instanceof ServiceError || error instanceof NoAnswerError) {
    Object.assign(error.$metadata, { attempts });
  }
  return error;
}

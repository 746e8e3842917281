import {
  InternalServerError,
  ProvisionedThroughputExceededException,
  ThrottlingException,
} from "@aws-sdk/client-dynamodb";
import type { Fault } from "./faults.ts";

/** An attempt is given up after so long, as `dynamo-client.ts` has it. */
export const TIMEOUT_MS = 3000;

/** What DynamoDB answers instead of doing what it was asked; undefined when it does. */
export function refusalOf(fault: Fault | undefined): Error | undefined {
  const $metadata = { httpStatusCode: 400 };
  const message = "Throughput exceeds the current capacity";
  if (fault?.kind === "throttled") return new ThrottlingException({ message, $metadata });
  if (fault?.kind !== "hot") return undefined;
  const ThrottlingReasons = [{ reason: "TableWriteKeyRangeThroughputExceeded", resource: "simulated" }];
  return new ProvisionedThroughputExceededException({ message, $metadata, ThrottlingReasons });
}

export const serverError = (): Error =>
  new InternalServerError({ message: "Internal server error", $metadata: { httpStatusCode: 500 } });

export const timedOut = (): Error =>
  Object.assign(new Error(`no answer in ${TIMEOUT_MS} ms`), { name: "TimeoutError" });
export const connectionReset = (): Error => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

export const isThrottle = (error: unknown): boolean =>
  error instanceof ThrottlingException || error instanceof ProvisionedThroughputExceededException;

export const isRetryable = (error: unknown): boolean =>
  isThrottle(error) ||
  error instanceof InternalServerError ||
  (error as Error).name === "TimeoutError" ||
  (error as { code?: string }).code === "ECONNRESET";

/** As a client marks what it gives up on; `requests.ts` goes by that. */
export function withAttempts(error: unknown, attempts: number): unknown {
  const { $metadata = {} } = error as { $metadata?: object };
  // A fault of the simulation itself is none of the service's.
  const isService = isRetryable(error) || "$fault" in (error as object);
  return isService ? Object.assign(error as object, { $metadata: { ...$metadata, attempts } }) : error;
}

import type { Metadata } from "./document-client.ts";
import type { WireAnswer } from "./transport.ts";

/** DynamoDB refused or failed; shaped as the SDK's service exceptions are. */
export class ServiceError extends Error {
  /** DynamoDB's code, such as "ThrottlingException". */
  override readonly name: string;
  readonly $fault: "client" | "server";
  $metadata: Metadata & { readonly httpStatusCode: number };
  /** Why it was throttled. */
  readonly ThrottlingReasons?: readonly { readonly reason?: string; readonly resource?: string }[];

  /** How long it asks to be left alone. */
  readonly retryAfterMs: number;
  /** What it complained of has been put right meanwhile: the clock. */
  isMended = false;

  constructor({ status, body, header }: WireAnswer) {
    const told = parseFault(body);
    super(told.message ?? told.Message ?? `DynamoDB answered ${status}`);
    // Such as "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException".
    this.name = told.__type?.split("#").at(-1)?.split(":")[0] ?? "UnknownError";
    this.$fault = status < 500 ? "client" : "server";
    this.$metadata = { httpStatusCode: status, requestId: header("x-amzn-requestid") ?? undefined };
    this.retryAfterMs = Number(header("x-amz-retry-after") ?? 0) || 1000 * Number(header("retry-after") ?? 0) || 0;
    const reasons = told.ThrottlingReasons ?? told.throttlingReasons;
    if (reasons !== undefined) this.ThrottlingReasons = reasons;
  }
}

interface Fault {
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
  readonly ThrottlingReasons?: readonly object[];
  /** ThrottlingException spells it so. */
  readonly throttlingReasons?: readonly object[];
}

/** What stands before DynamoDB may answer with a page. */
function parseFault(body: string): Fault {
  try {
    return (JSON.parse(body) as Fault | null) ?? {};
  } catch {
    return {};
  }
}

/** No answer came, or none that could be read. `cause` says why. */
export class NoAnswerError extends Error {
  override readonly name: string;
  $metadata: Metadata = {};

  constructor(cause: unknown) {
    const { name, message } = cause instanceof Error ? cause : { name: "Error", message: String(cause) };
    super(message, { cause });
    this.name = name;
  }
}

/** Why a transport gives up on an answer. */
export function timeoutError(what: string, limitMs: number): Error {
  return Object.assign(new Error(`${what} within ${limitMs} ms`), { name: "TimeoutError" });
}

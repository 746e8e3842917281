import type { CredentialSource } from "./credentials.ts";
import type { Answered, DocumentClient, Operation, Operations } from "./document-client.ts";
import { NoAnswerError, ServiceError } from "./errors.ts";
import { createRetries, type Retries } from "./retries.ts";
import { createSigner } from "./sigv4.ts";
import type { OpenTransport, WireAnswer } from "./transport.ts";
import { decodeOutput, encodeInput } from "./wire-json.ts";

export interface LightClientOptions {
  readonly endpoint: URL;
  readonly region: string;
  readonly credentials: CredentialSource;
  readonly openTransport: OpenTransport;
  readonly requestTimeoutMs: number;
  /** Unix milliseconds. */
  readonly now?: () => number;
  readonly retries?: Retries;
}

/** DynamoDB takes signatures that are five minutes off; an answer to one that was so far off comes with the right time. */
const SKEWED_MS = 4 * 60_000;

/**
 * A client of DynamoDB's JSON protocol for what the store does all the time. The SDK does the same in a dozen layers of middleware,
 * which took most of the time of a small write. Runs on Node and in workerd.
 */
export function createLightClient(options: LightClientOptions): DocumentClient {
  const { endpoint, region, credentials, requestTimeoutMs, now = Date.now, retries = createRetries() } = options;
  const transport = options.openTransport({ endpoint, requestTimeoutMs });
  const sign = createSigner({ region, service: "dynamodb" });
  const common = { host: endpoint.host, "content-type": "application/x-amz-json-1.0" };
  /** How far DynamoDB's clock is ahead of ours. */
  let aheadMs = 0;

  function noteTime({ header }: WireAnswer): void {
    const date = header("date");
    // An answer with an age is from a cache.
    const theirs = typeof date === "string" && !header("age") ? Date.parse(date) : Number.NaN;
    if (!Number.isNaN(theirs)) aheadMs = theirs - now();
  }

  async function attempt(target: string, body: string): Promise<WireAnswer> {
    const identity = credentials(now());
    const held = "then" in identity ? await identity : identity;
    const signedAheadMs = aheadMs;
    const headers = sign({ headers: { ...common, "x-amz-target": target }, body }, held, now() + aheadMs);
    const answer = await transport.post(headers, body).catch((error: unknown) => {
      throw new NoAnswerError(error);
    });
    noteTime(answer);
    if (answer.status === 200) return answer;
    const error = new ServiceError(answer);
    error.isMended = Math.abs(aheadMs - signedAheadMs) >= SKEWED_MS;
    throw error;
  }

  return {
    async send<O extends Operation>(operation: O, input: Operations[O][0]): Promise<Answered<O>> {
      const target = `DynamoDB_20120810.${operation}`;
      const body = encodeInput(input);
      let made = 0;
      const { body: answer } = await retries.run((attempts) => {
        made = attempts;
        return attempt(target, body);
      });
      return { ...read(answer), $metadata: { attempts: made } } as unknown as Answered<O>;
    },
    destroy: () => transport.destroy(),
  };
}

function read(body: string): object {
  try {
    return decodeOutput(body);
  } catch (error) {
    throw new NoAnswerError(error);
  }
}

/** AWS's own endpoint in a region. */
export const regionalEndpoint = (region: string): URL =>
  new URL(`https://dynamodb.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`);

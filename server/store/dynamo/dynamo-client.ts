import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

export interface DocumentClientOptions {
  /** URL of an emulator or a private endpoint; without one, AWS's own in the region. */
  readonly endpoint?: string;
  /** Without one, the SDK looks in its environment; an emulator takes any. */
  readonly region?: string;
  /** Without them, the SDK's chain of environment, files and instance roles (on Node only). */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Milliseconds until an attempt is given up, 3 000 by default. There are four attempts. */
  readonly requestTimeoutMs?: number;
}

/** What to show emulators, which want credentials but do not check them. */
export const EMULATOR_CREDENTIALS = { accessKeyId: "emulator", secretAccessKey: "emulator" } as const;

/**
 * Makes a DynamoDB client that gives up early: DynamoDB answers in milliseconds or not at all, and whoever waits behind
 * us is better served by a 503 than by the SDK's default of no time limit. Runs on Node and in workerd.
 */
export function createDocumentClient(options: DocumentClientOptions = {}): DynamoDBDocumentClient {
  const { endpoint, credentials, requestTimeoutMs = 3000 } = options;
  const region = options.region ?? (endpoint === undefined ? undefined : "us-east-1");
  const client = new DynamoDBClient({
    maxAttempts: 4,
    // Plain options, not a handler: the SDK hands them to the runtime's own, `node:http` or `fetch`.
    requestHandler: {
      connectionTimeout: 1000,
      requestTimeout: requestTimeoutMs,
      // Without this the Node handler only prints a warning.
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  return DynamoDBDocumentClient.from(client);
}

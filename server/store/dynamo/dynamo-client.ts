import { type Identity, keepCredentials } from "./wire/credentials.ts";
import type { DocumentClient } from "./wire/document-client.ts";
import { createLightClient, regionalEndpoint } from "./wire/light-client.ts";
import { openNodeTransport } from "./wire/node-transport.ts";

export interface DocumentClientOptions {
  /** URL of an emulator or a private endpoint; without one, AWS's own in the region. */
  readonly endpoint?: string;
  /** Without one, the SDK looks in its environment; an emulator takes any. */
  readonly region?: string;
  /** Without them, the SDK's chain of environment, files and instance roles. */
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
 * Makes Node's client of DynamoDB, which gives up early: DynamoDB answers in milliseconds or not at all, and whoever waits behind
 * us is better served by a 503 than by no time limit. The SDK is loaded only for what must be looked for.
 */
export function createDocumentClient(options: DocumentClientOptions = {}): DocumentClient {
  const { endpoint, credentials, requestTimeoutMs = 3000 } = options;
  const region = options.region ?? (endpoint === undefined ? undefined : "us-east-1");
  const open = (at: string, provide: () => Promise<Identity>): DocumentClient =>
    createLightClient({
      endpoint: endpoint === undefined ? regionalEndpoint(at) : new URL(endpoint),
      region: at,
      credentials: keepCredentials(provide),
      openTransport: openNodeTransport,
      requestTimeoutMs,
    });
  if (region !== undefined && credentials !== undefined) return open(region, async () => credentials);
  return openLater(async () => {
    const { DynamoDBClient } = await import("@aws-sdk/client-dynamodb");
    const { config } = new DynamoDBClient(region === undefined ? {} : { region });
    return open(
      region ?? (await config.region()),
      credentials === undefined ? config.credentials : async () => credentials,
    );
  });
}

/** A client that is opened by its first request, and by the next if that failed. */
function openLater(open: () => Promise<DocumentClient>): DocumentClient {
  let opening: Promise<DocumentClient> | undefined;
  return {
    async send(operation, input) {
      opening ??= open();
      opening.catch(() => {
        opening = undefined;
      });
      return (await opening).send(operation, input);
    },
    destroy: () => void opening?.then((client) => client.destroy()),
  };
}

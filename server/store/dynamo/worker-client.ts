import type { DocumentClientOptions } from "./dynamo-client.ts";
import type { DocumentClient } from "./wire/document-client.ts";
import { openFetchTransport } from "./wire/fetch-transport.ts";
import { createLightClient, regionalEndpoint } from "./wire/light-client.ts";

/** What a Worker is told: it has neither files nor roles in which credentials could be looked for. */
export type WorkerClientOptions = Pick<DocumentClientOptions, "endpoint" | "credentials"> & { readonly region: string };

/** The client of `dynamo-client.ts` over `fetch`, without anything of the SDK. @throws Error without credentials */
export function createWorkerClient({ endpoint, region, credentials }: WorkerClientOptions): DocumentClient {
  if (credentials === undefined) throw new Error("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are unset");
  return createLightClient({
    endpoint: endpoint === undefined ? regionalEndpoint(region) : new URL(endpoint),
    region,
    credentials: () => credentials,
    openTransport: openFetchTransport,
    requestTimeoutMs: 3000,
  });
}

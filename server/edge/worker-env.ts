import { type Config, readConfig } from "../config.ts";

/** What `wrangler.toml` binds. Variables and secrets are strings under the names that the README lists. */
export interface WorkerEnv {
  readonly ASSETS: AssetFiles;
  readonly HYPERDRIVE: { readonly connectionString: string };
  readonly [variable: string]: unknown;
}

/** The static files that were deployed with the Worker. */
export interface AssetFiles {
  fetch(url: string | URL): Promise<Response>;
}

/** The part of workerd's execution context that we use. */
export interface ExecutionContext {
  /** Keeps a request's I/O going until this is settled, also when its client has gone. */
  waitUntil(promise: Promise<unknown>): void;
}

/**
 * Reads the same variables as on Node. @throws Error that names what is missing: there is no embedded store here, and no
 * profile or role from which the AWS SDK could take credentials.
 */
export function readWorkerConfig(env: WorkerEnv): Config {
  const variables = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const config = readConfig(Object.fromEntries(variables));
  if (config.dynamo.embedded || config.dynamo.credentials === undefined) {
    throw new Error("a Worker needs the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a DYNAMODB_ENDPOINT");
  }
  return config;
}

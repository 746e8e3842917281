import { OperatorError } from "../../console/operator-error.ts";
import { type Config, readConfig, VARIABLES } from "../config.ts";
import type { DynamoConfig } from "../dynamo-config.ts";
import type { AlarmNamespace } from "./compaction-alarm.ts";
import type { LiveNamespace } from "./sharded-live.ts";

/** What `wrangler.toml` binds. Variables and secrets are strings under the names of docs/operations.md. */
export interface WorkerEnv {
  readonly ASSETS: AssetFiles;
  readonly HYPERDRIVE: { readonly connectionString: string };
  /** Without it there is no `/api/live`, and maps poll. */
  readonly LIVE?: LiveNamespace;
  /** Without it edits wait for the cron trigger. */
  readonly COMPACTION?: AlarmNamespace;
  readonly [variable: string]: unknown;
}

/** The static files that were deployed with the Worker. */
export interface AssetFiles {
  fetch(asked: string | URL | Request): Promise<Response>;
}

/** The part of workerd's execution context that we use. */
export interface ExecutionContext {
  /** Keeps a request's I/O going until this is settled, also when its client has gone. */
  waitUntil(promise: Promise<unknown>): void;
  /** The Worker's own entrypoints. */
  readonly exports: { readonly CachedTiles: CachedTilesStub };
  /** Workers Cache in front of this entrypoint, where the platform has it; local workerd has not. */
  readonly cache?: WorkersCache;
}

/** An entrypoint as its callers see it. */
export interface CachedTilesStub {
  fetch(request: Request): Promise<Response>;
  /** False when the platform refuses, or has no cache by tags. */
  purge(tags: readonly string[]): Promise<boolean>;
}

/** https://developers.cloudflare.com/workers/cache/purge/ */
export interface WorkersCache {
  purge(selection: { readonly tags: readonly string[] }): Promise<{ readonly success: boolean }>;
}

/** A setting that a Worker cannot do without. Its message names settings and never their values: anybody may read it. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** There is no embedded store here. */
export type WorkerConfig = Config & { readonly dynamo: DynamoConfig };

/**
 * Reads the same variables as on Node.
 * @throws SettingsError: no DynamoDB is chosen, or there are no credentials, for a Worker has no profile or role to take some from
 */
export function readWorkerConfig(env: WorkerEnv): WorkerConfig {
  const variables = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const config = readVariables(Object.fromEntries(variables));
  const { dynamo } = config;
  if (dynamo === undefined) {
    throw new SettingsError(
      "This Worker needs the variable DYNAMODB_TABLE and the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a " +
        "DYNAMODB_ENDPOINT: it has no embedded store.",
    );
  }
  if (dynamo.credentials === undefined) {
    throw new SettingsError(
      "This Worker needs the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a DYNAMODB_ENDPOINT.",
    );
  }
  if (env.HYPERDRIVE === undefined) throw new SettingsError("This Worker needs the binding HYPERDRIVE.");
  return { ...config, dynamo };
}

function readVariables(variables: Readonly<Record<string, string>>): Config {
  try {
    return readConfig(variables);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    // The message quotes what was set.
    const names = new Set(error.message.match(/\b[A-Z][A-Z_]+\b/g)?.filter((name) => Object.hasOwn(VARIABLES, name)));
    throw new SettingsError(`These settings of the Worker are missing or wrong: ${[...names].join(", ")}.`, {
      cause: error,
    });
  }
}

import { unstable_DevEnv as DevEnv } from "wrangler";
import { fromRoot } from "../../console/root.ts";
import type { DatabaseAddress } from "../../postgres/pool.ts";
import type { DynamoAddress } from "../stores/stores.ts";

/** The Worker in workerd on this machine. */
export interface LocalWorker {
  readonly url: string;
  /** Fires the cron trigger and waits for its end. Rejects when it fails. */
  scheduled(): Promise<void>;
  close(): Promise<void>;
}

export interface LocalWorkerOptions {
  readonly dynamo: DynamoAddress;
  readonly database: DatabaseAddress;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Another entrypoint than `server/worker.ts`, with the same exports. */
  readonly entrypoint?: string;
  /** Further variables of the Worker. Without EDGE_CACHE it keeps no tiles: who tries things out wants to see them at once. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Takes what the Worker logs. */
  readonly onLog?: (line: { readonly level: string; readonly message: string }) => void;
}

const CONFIG = fromRoot("wrangler.toml");

/** Runs `wrangler.toml` with other stores in workerd, as `wrangler dev` would. Nothing is asked of the network. */
export async function startLocalWorker(options: LocalWorkerOptions): Promise<LocalWorker> {
  const { dynamo, database, host, port, entrypoint, vars = {}, onLog } = options;
  // Only the environment switches these off.
  process.env.WRANGLER_SEND_METRICS ??= "false";
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
  const env = new DevEnv();
  const running = reloaded(env);
  const worker = await env.startWorker({
    config: CONFIG,
    ...(entrypoint === undefined ? {} : { entrypoint }),
    bindings: {
      ...textBindings({ EDGE_CACHE: "off", ...dynamoVariables(dynamo), ...vars }),
      HYPERDRIVE: { type: "hyperdrive", id: "local", localConnectionString: withPassword(database.url) },
    },
    dev: {
      server: { hostname: host, port },
      inspector: false,
      watch: false,
      persist: false,
      logLevel: "error",
      ...(onLog === undefined ? {} : { structuredLogsHandler: onLog }),
    },
  });
  try {
    await Promise.all([worker.ready, running]);
    const url = (await worker.url).origin;
    return {
      url,
      async scheduled() {
        const response = await fetch(`${url}/cdn-cgi/local/scheduled?format=json`);
        const { outcome = response.status } = (await response.json()) as { outcome?: string };
        if (outcome !== "ok") throw new Error(`the cron trigger ended with ${outcome}`);
      },
      close: () => worker.dispose(),
    };
  } catch (error) {
    await worker.dispose();
    throw error;
  }
}

/** Resolves when workerd runs the bundle; `ready` alone says nothing of a bundle that failed. */
function reloaded(env: DevEnv): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  promise.catch(() => {});
  env.once("reloadComplete", resolve);
  for (const fault of ["error", "buildFailed"]) env.once(fault, (event) => reject(faultOf(event)));
  return promise;
}

function faultOf(event: unknown): Error {
  if (event instanceof Error) return event;
  const { reason = "the Worker does not start", cause } = event as { reason?: string; cause?: unknown };
  return new Error(reason, { cause });
}

/** Hyperdrive insists on a password, the embedded PostgreSQL takes any. */
function withPassword(url: string): string {
  const withOne = new URL(url);
  withOne.password ||= "local";
  return withOne.href;
}

function dynamoVariables({ tableName, region, endpoint, credentials }: DynamoAddress): Record<string, string> {
  return {
    DYNAMODB_TABLE: tableName,
    AWS_REGION: region,
    ...(endpoint === undefined ? {} : { DYNAMODB_ENDPOINT: endpoint }),
    ...(credentials === undefined
      ? {}
      : { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey }),
    ...(credentials?.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
  };
}

function textBindings(values: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { type: "plain_text", value } as const]),
  );
}

import { z } from "zod";
import { LOG_LEVELS } from "../console/log.ts";
import { OperatorError } from "../console/operator-error.ts";

/** Where reports are kept. Without settings and credentials of AWS's own it is the embedded DynamoDB in DATA_DIR. */
export interface DynamoConfig {
  readonly embedded: boolean;
  readonly tableName: string;
  readonly region: string;
  /** Unset: AWS's own for the region, or the embedded one. */
  readonly endpoint?: string;
  /** Unset: the AWS SDK finds them itself (profile, container, web identity). */
  readonly credentials?: AwsCredentials;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Config {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** A directory, or `undefined` to keep everything in memory. */
  readonly dataDir?: string;
  readonly dynamo: DynamoConfig;
  /** Unset: the embedded PostgreSQL in DATA_DIR. */
  readonly databaseUrl?: string;
  readonly seed: boolean;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly basemapStyleUrl?: string;
  readonly reportsPerMinute: number;
  /** DynamoDB's units that one process's compaction and scoring take. */
  readonly backgroundUnitsPerSecond: number;
  /** Proxies in front of us whose X-Forwarded-For entries are believed. */
  readonly trustedProxies: number;
  /** Live streams that one process, or one Durable Object, holds open. */
  readonly liveStreams: number;
  /** Durable Objects that the Worker's live streams are spread over. */
  readonly liveShards: number;
  /** Whether the Worker keeps tiles in the data centre's cache. */
  readonly edgeCache: boolean;
}

const text = z.string().trim();
const flag = z.enum(["on", "off"], { error: "`on` or `off`" });
const webUrl = z.url({ protocol: /^https?$/, error: "an http or https URL" });

function wholeNumber(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, error)
    .transform(Number)
    .pipe(z.number({ error }).min(min, error).max(max, error));
}

interface Variable<T extends z.ZodType> {
  readonly default?: string;
  readonly meaning: string;
  readonly schema: T;
}

const variable = <T extends z.ZodType>(schema: T, meaning: string, fallback?: string): Variable<T> => ({
  schema,
  meaning,
  ...(fallback === undefined ? {} : { default: fallback }),
});

/** Every variable of the environment that we read. An empty value counts as unset. */
export const VARIABLES = {
  HOST: variable(text, "address to listen on; `0.0.0.0` for every interface", "127.0.0.1"),
  PORT: variable(wholeNumber(0, 65_535), "port to listen on; `0` takes any free one", "8787"),
  DATA_DIR: variable(text, "directory of the embedded stores; `memory` keeps nothing", ".data"),
  DYNAMODB_ENDPOINT: variable(webUrl, "a DynamoDB to use instead of the embedded one"),
  DYNAMODB_TABLE: variable(
    z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, "3 to 255 letters, digits, `_`, `.` or `-`"),
    "table of the reports",
    "stratum",
  ),
  AWS_REGION: variable(text, "region of the DynamoDB"),
  AWS_DEFAULT_REGION: variable(text, "region when AWS_REGION is unset", "us-east-1"),
  AWS_ACCESS_KEY_ID: variable(text, "credentials: with any of AWS's the real DynamoDB is used"),
  AWS_SECRET_ACCESS_KEY: variable(text, "goes with AWS_ACCESS_KEY_ID"),
  AWS_SESSION_TOKEN: variable(text, "goes with temporary credentials"),
  AWS_PROFILE: variable(text, "credentials from a profile"),
  AWS_WEB_IDENTITY_TOKEN_FILE: variable(text, "credentials from a web identity"),
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: variable(text, "credentials of an ECS task"),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: variable(text, "credentials of a container"),
  DATABASE_URL: variable(
    z.url({ protocol: /^postgres(ql)?$/, error: "a URL like postgres://user:password@host:5432/database" }),
    "a PostgreSQL to use instead of the embedded one",
  ),
  SEED: variable(flag, "`off`: an empty store stays empty", "on"),
  LOG_LEVEL: variable(
    z.enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(", ")}` }),
    "least level of event that is logged",
    "info",
  ),
  BASEMAP_STYLE_URL: variable(webUrl, "a MapLibre style to draw under the layers instead of our own land and borders"),
  REPORTS_PER_MINUTE: variable(wholeNumber(1, 1_000_000), "reports that one client address may send a minute", "600"),
  BACKGROUND_UNITS_PER_SECOND: variable(
    wholeNumber(1, 1_000_000),
    "read and write units of a DynamoDB that is not embedded which one process's compaction and scoring take a second",
    "500",
  ),
  TRUSTED_PROXIES: variable(wholeNumber(0, 10), "proxies in front whose X-Forwarded-For entry is believed", "0"),
  LIVE_STREAMS: variable(
    wholeNumber(1, 100_000),
    "live streams that one process holds open; in the Worker, one Durable Object",
    "2000",
  ),
  LIVE_SHARDS: variable(
    wholeNumber(1, 1000),
    "Worker only: Durable Objects that clients' live streams are spread over",
    "4",
  ),
  EDGE_CACHE: variable(
    flag,
    "Worker only: `on` keeps tiles in the data centre's cache, as `wrangler.toml` says",
    "off",
  ),
} as const satisfies Readonly<Record<string, Variable<z.ZodType>>>;

type Name = keyof typeof VARIABLES;
type Values = { readonly [N in Name]: z.output<(typeof VARIABLES)[N]["schema"]> | undefined };

/** Reads the configuration. @throws OperatorError with one sentence for each bad value. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const v = readValues(env);
  return {
    host: v.HOST ?? "",
    port: v.PORT ?? 0,
    ...(v.DATA_DIR === "memory" ? {} : optional("dataDir", v.DATA_DIR)),
    dynamo: dynamoConfig(v),
    ...optional("databaseUrl", v.DATABASE_URL),
    seed: v.SEED === "on",
    logLevel: v.LOG_LEVEL ?? "info",
    ...optional("basemapStyleUrl", v.BASEMAP_STYLE_URL),
    reportsPerMinute: v.REPORTS_PER_MINUTE ?? 0,
    backgroundUnitsPerSecond: v.BACKGROUND_UNITS_PER_SECOND ?? 0,
    trustedProxies: v.TRUSTED_PROXIES ?? 0,
    liveStreams: v.LIVE_STREAMS ?? 0,
    liveShards: v.LIVE_SHARDS ?? 0,
    edgeCache: v.EDGE_CACHE === "on",
  };
}

function readValues(env: Readonly<Record<string, string | undefined>>): Values {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(VARIABLES) as Name[]) {
    const { schema, default: fallback }: Variable<z.ZodType> = VARIABLES[name];
    const given = env[name]?.trim() || fallback;
    if (given === undefined) continue;
    const result = schema.safeParse(given);
    if (result.success) values[name] = result.data;
    else faults.push(`${name} is ${quoteValue(name, given)}, but must be ${result.error.issues[0]?.message}.`);
  }
  if (faults.length > 0) throw new OperatorError(faults.join("\n"));
  return values as Values;
}

/** A URL may carry a password, which belongs on no terminal and in no log. */
function quoteValue(name: string, value: string): string {
  return JSON.stringify(name.endsWith("_URL") ? value.replace(/\/\/[^@/]*@/, "//…@") : value);
}

function dynamoConfig(v: Values): DynamoConfig {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = v;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const [set, unset] = accessKeyId
      ? ["_ACCESS_KEY_ID", "_SECRET_ACCESS_KEY"]
      : ["_SECRET_ACCESS_KEY", "_ACCESS_KEY_ID"];
    throw new OperatorError(`AWS${set} is set but AWS${unset} is not: set both, or neither.`);
  }
  const elsewhere =
    v.AWS_PROFILE ??
    v.AWS_WEB_IDENTITY_TOKEN_FILE ??
    v.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI ??
    v.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  const named: AwsCredentials | undefined =
    accessKeyId !== undefined && secretAccessKey !== undefined
      ? { accessKeyId, secretAccessKey, ...optional("sessionToken", v.AWS_SESSION_TOKEN) }
      : undefined;
  // An emulator at an endpoint of its own takes any credentials, but the SDK insists on having some.
  const credentials = named ?? (elsewhere === undefined ? LOCAL_CREDENTIALS : undefined);
  return {
    embedded: v.DYNAMODB_ENDPOINT === undefined && named === undefined && elsewhere === undefined,
    tableName: v.DYNAMODB_TABLE ?? "",
    region: v.AWS_REGION ?? v.AWS_DEFAULT_REGION ?? "",
    ...optional("endpoint", v.DYNAMODB_ENDPOINT),
    ...optional("credentials", credentials),
  };
}

const LOCAL_CREDENTIALS: AwsCredentials = { accessKeyId: "local", secretAccessKey: "local" };

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

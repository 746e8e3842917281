import { z } from "zod";
import { READ_UNITS_PER_MINUTE } from "../accounts/limits.ts";
import { LOG_LEVELS } from "../console/log.ts";
import { OperatorError } from "../console/operator-error.ts";
import type { StripeConfig } from "../stripe/stripe-client.ts";
import { chooseDynamo, type DynamoConfig, noticeOfEmbedded } from "./dynamo-config.ts";
import { FORWARDED_KINDS, type ForwardedKind } from "./forwarded.ts";
import { chooseStripe } from "./stripe-config.ts";

export interface Config {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** A directory, or `undefined` to keep everything in memory. */
  readonly dataDir?: string;
  /** Unset: the embedded store in DATA_DIR. */
  readonly dynamo?: DynamoConfig;
  /** Unset: the embedded PostgreSQL in DATA_DIR. */
  readonly databaseUrl?: string;
  /** Whether an empty store of reports is filled at the start. */
  readonly seed: boolean;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly basemapStyleUrl?: string;
  readonly reportsPerMinute: number;
  /** Read units that one client address takes. */
  readonly readUnitsPerMinute: number;
  /** `on`: profanity in the texts of reports is masked. */
  readonly profanity: "on" | "off";
  /** `on`: whoever sends very many reports or flags has to prove some work. */
  readonly proofOfWork: "on" | "off";
  /** `on`: reports of a flood are held for moderators, and a network weighs as two clients in scores. */
  readonly holdFloods: "on" | "off";
  /** Processes of this machine that answer requests. */
  readonly workers: number;
  /** DynamoDB's units that one process's compaction and scoring take. */
  readonly backgroundUnitsPerSecond: number;
  /** Where clients find us, without a slash at the end; unset: as they ask, or as trusted proxies tell. */
  readonly publicUrl?: string;
  /** Proxies in front of us whose X-Forwarded-* or Forwarded entries are believed. */
  readonly trustedProxies: number;
  /** The one kind of header that these write; unset: X-Forwarded-* where there are any, else Forwarded. */
  readonly forwardedHeaders?: ForwardedKind;
  /** Opens `/metrics` to whoever sends it. */
  readonly metricsToken?: string;
  /** A URI for `/.well-known/security.txt`. */
  readonly securityContact?: string;
  /** Signs sessions and links in mails; unset: made by the process that keeps DATA_DIR, or there are no accounts. */
  readonly authSecret?: string;
  /** Where mails are handed over; unset: the log of a machine of one's own has them, or none are sent. */
  readonly smtp?: { readonly url: string; readonly from: string };
  /** Where money is taken; unset: billing is off. */
  readonly stripe?: StripeConfig;
  /** Live streams that one process, or one Durable Object, holds open. */
  readonly liveStreams: number;
  /** Durable Objects that the Worker's live streams are spread over. */
  readonly liveShards: number;
  /** Whether the Worker keeps tiles in the data centre's cache. */
  readonly edgeCache: boolean;
  /** What whoever starts this should know of the choice of stores, in one line. */
  readonly notice?: string;
}

const text = z.string().trim();
const flag = z.enum(["on", "off"], { error: "`on` or `off`" });
const webUrl = z.url({ protocol: /^https?$/, error: "an http or https URL" });
const publicAddress = webUrl
  .refine((url) => !/[?#@]/.test(url), "an http or https URL without user, query and fragment")
  .transform((url) => new URL(url).href.replace(/\/+$/, ""));

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
  DYNAMODB_TABLE: variable(
    z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, "3 to 255 letters, digits, `_`, `.` or `-`"),
    "table of the reports: keeps them in DynamoDB, not in the embedded store",
  ),
  DYNAMODB_ENDPOINT: variable(
    webUrl,
    "address of a DynamoDB elsewhere than at AWS; without DYNAMODB_TABLE its table is `stratum`",
  ),
  AWS_REGION: variable(text, "region of the DynamoDB"),
  AWS_DEFAULT_REGION: variable(text, "region when AWS_REGION is unset", "us-east-1"),
  AWS_ACCESS_KEY_ID: variable(text, "credentials for the DynamoDB; without any the AWS SDK looks for a role"),
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
  SEED: variable(
    flag,
    "`on` fills an empty store with three cities' reports, `off` does not; when unset, the embedded store is filled",
  ),
  LOG_LEVEL: variable(
    z.enum(LOG_LEVELS, { error: `one of ${LOG_LEVELS.join(", ")}` }),
    "least level of event that is logged",
    "info",
  ),
  BASEMAP_STYLE_URL: variable(webUrl, "a MapLibre style to draw under the layers instead of our own land and borders"),
  REPORTS_PER_MINUTE: variable(wholeNumber(1, 1_000_000), "reports that one client address may send a minute", "600"),
  READ_UNITS_PER_MINUTE: variable(
    wholeNumber(100, 100_000_000),
    "read units of the stores that one client address may cost a minute; what is in memory costs none",
    String(READ_UNITS_PER_MINUTE),
  ),
  PROFANITY: variable(flag, "`on` masks profanity in the texts of reports, `off` keeps it", "on"),
  PROOF_OF_WORK: variable(
    flag,
    "`on` asks for a proof of work in bursts: above a fifth of REPORTS_PER_MINUTE, or half of the flags, of one client address or one network",
    "on",
  ),
  HOLD_FLOODS: variable(
    flag,
    "`on` holds reports of a flood for moderators, and lets one network weigh as two clients in scores; `off` takes all as they come",
    "on",
  ),
  BACKGROUND_UNITS_PER_SECOND: variable(
    wholeNumber(1, 1_000_000),
    "read and write units of a DynamoDB that is not embedded which one process's compaction and scoring take a second",
    "500",
  ),
  WORKERS: variable(wholeNumber(1, 64), "processes that answer requests, on one machine and one `DATA_DIR`", "1"),
  PUBLIC_URL: variable(
    publicAddress,
    "where clients find this server, such as `https://maps.example/stratum`: addresses in answers begin so",
  ),
  TRUSTED_PROXIES: variable(
    wholeNumber(0, 10),
    "proxies in front whose X-Forwarded-* or Forwarded entries are believed",
    "0",
  ),
  FORWARDED_HEADERS: variable(
    z.enum(FORWARDED_KINDS, { error: `one of ${FORWARDED_KINDS.join(", ")}` }),
    "the one kind of header that these proxies write; unset: X-Forwarded-* where a request has any, else Forwarded",
  ),
  METRICS_TOKEN: variable(
    z.string().regex(/^[\w.~+/=-]{1,512}$/, "letters, digits and `.~+/=_-`, at most 512"),
    "opens `/metrics` to whoever sends it as `Authorization: Bearer TOKEN`; without it they are for this machine alone",
  ),
  SECURITY_CONTACT: variable(
    z
      .string()
      .regex(/^(?:https:\/\/|mailto:|tel:)[\x21-\x7e]{1,250}$/, "a URI that begins with https://, mailto: or tel:"),
    "where to tell of a vulnerability, as `/.well-known/security.txt` has it; unset: our own page `/about`",
  ),
  AUTH_SECRET: variable(
    z
      .string()
      .regex(/^[\x21-\x7e]{32,512}$/, "32 to 512 letters, digits and signs, such as `openssl rand -base64 32` prints"),
    "signs sessions and links in mails, the same for all processes; unset: made once in DATA_DIR, and with DATABASE_URL or in the Worker nobody signs in",
  ),
  SMTP_URL: variable(
    z.url({ protocol: /^smtps?$/, error: "a URL like smtps://user:password@mail.example:465" }),
    "the SMTP server that mails are handed to; unset: where HOST is this machine's own and stores are embedded the log tells their links, elsewhere none are sent",
  ),
  MAIL_FROM: variable(
    z
      .string()
      .regex(
        /^(?:[^<>"\p{Cc}]{1,64} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/u,
        "an address, or a name and an address in `<>`",
      ),
    "whom mails are from, such as `STRATUM <no-reply@maps.example>`; goes with SMTP_URL",
  ),
  STRIPE_SECRET_KEY: variable(
    z
      .string()
      .regex(
        /^[rs]k_(?:live|test)_\w{1,250}$/,
        "a secret or restricted key of Stripe: sk_live_…, rk_live_… or sk_test_…",
      ),
    "takes payments by Stripe: a secret key, or a restricted one; without it billing is off",
  ),
  STRIPE_WEBHOOK_SECRET: variable(
    z.string().regex(/^whsec_[\w+/=]{1,250}$/, "the signing secret of Stripe's webhook: whsec_…"),
    "goes with STRIPE_SECRET_KEY: what Stripe signs its events with",
  ),
  STRIPE_API_BASE: variable(webUrl, "a stand-in for Stripe's API, for tests; only with a key of its test mode"),
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

/** Reads the configuration. @throws OperatorError with one sentence for each bad value, or of stores that cannot be meant. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const v = readValues(env);
  const dataDir = v.DATA_DIR === "memory" ? undefined : v.DATA_DIR;
  const dynamo = chooseDynamo(v);
  const stripe = chooseStripe(v);
  return {
    host: v.HOST ?? "",
    port: v.PORT ?? 0,
    ...optional("dataDir", dataDir),
    ...optional("dynamo", dynamo),
    ...optional("databaseUrl", v.DATABASE_URL),
    seed: v.SEED === undefined ? dynamo === undefined : v.SEED === "on",
    logLevel: v.LOG_LEVEL ?? "info",
    ...optional("basemapStyleUrl", v.BASEMAP_STYLE_URL),
    reportsPerMinute: v.REPORTS_PER_MINUTE ?? 0,
    readUnitsPerMinute: v.READ_UNITS_PER_MINUTE ?? 0,
    profanity: v.PROFANITY ?? "on",
    proofOfWork: v.PROOF_OF_WORK ?? "on",
    holdFloods: v.HOLD_FLOODS ?? "on",
    workers: v.WORKERS ?? 1,
    backgroundUnitsPerSecond: v.BACKGROUND_UNITS_PER_SECOND ?? 0,
    ...optional("publicUrl", v.PUBLIC_URL),
    trustedProxies: v.TRUSTED_PROXIES ?? 0,
    ...optional("forwardedHeaders", v.FORWARDED_HEADERS),
    ...optional("metricsToken", v.METRICS_TOKEN),
    ...optional("securityContact", v.SECURITY_CONTACT),
    ...optional("authSecret", v.AUTH_SECRET),
    ...optional("smtp", chooseSmtp(v)),
    ...optional("stripe", stripe),
    liveStreams: v.LIVE_STREAMS ?? 0,
    liveShards: v.LIVE_SHARDS ?? 0,
    edgeCache: v.EDGE_CACHE === "on",
    ...optional("notice", dynamo === undefined ? noticeOfEmbedded(v, dataDir ?? "memory") : undefined),
  };
}

/** @throws OperatorError */
function chooseSmtp({ SMTP_URL: url, MAIL_FROM: from }: Values): Config["smtp"] {
  if (url === undefined) return undefined;
  if (from !== undefined) return { url, from };
  throw new OperatorError("SMTP_URL is set, but MAIL_FROM is not: set it to the address that mails are from.");
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

/** A URL may carry a password, a token or a secret is one: neither belongs on a terminal or in a log. */
function quoteValue(name: string, value: string): string {
  if (/_(?:TOKEN|SECRET|SECRET_KEY)$/.test(name)) return "wrong";
  return JSON.stringify(name.endsWith("_URL") ? value.replace(/\/\/[^@/]*@/, "//…@") : value);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

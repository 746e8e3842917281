import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Report } from "../../../tiles/report.ts";
import type { Accounts } from "../../accounts/accounts.ts";
import type { AdmittedCall } from "../../accounts/admission.ts";
import type { Auth } from "../../accounts/auth/auth.ts";
import type { Caller } from "../../accounts/caller.ts";
import type { PlanTerms } from "../../accounts/plans.ts";
import type { UsageLog } from "../../accounts/usage-log.ts";
import type { AreaSource } from "../../areas/find-area.ts";
import type { Billing } from "../../billing/billing.ts";
import type { ClusterSource } from "../../clusters/find-cluster.ts";
import type { Log } from "../../console/log.ts";
import type { LiveStreams } from "../../live/live-streams.ts";
import type { Moderation } from "../../moderation/moderation.ts";
import type { Clock } from "../../ports/clock.ts";
import type { MetricSample } from "../../ports/metrics.ts";
import type { ReadMeter } from "../../ports/read-meter.ts";
import type { ReportStore } from "../../ports/report-store.ts";
import type { Sessions, SignedIn } from "../../ports/sessions.ts";
import type { Sql } from "../../ports/sql.ts";
import type { Pyramid } from "../../pyramid/pyramid.ts";
import type { ScoreHistory } from "../../scores/score-history.ts";
import type { ContentCoding } from "../../serving/content-encoding.ts";
import type { TileSource } from "../../serving/tile-source.ts";
import type { RequestMetrics } from "./metrics.ts";

/** What the HTTP app is made of. `node.ts` and `worker.ts` fill it in; tests fill it with the memory store. */
export interface AppParts {
  readonly store: ReportStore;
  readonly clock: Clock;
  readonly tiles: TileSource;
  /** Content codings that tiles can be had in, best first; none where the platform in front compresses. */
  readonly codings: readonly ContentCoding[];
  /** Tells open maps of changes; without it there is no `/api/live`, and maps poll. */
  readonly live?: LiveStreams;
  /** Tells lists and score cards where the newest reports are. */
  readonly pyramid: Pick<Pyramid, "cells" | "outlines" | "reports">;
  /** What tiles are made of; without it there is no `/api/clusters`. */
  readonly clusters?: ClusterSource;
  /** Areas, and the reports in them; without it there is no `/api/areas`. */
  readonly areas?: AreaSource & { readonly reports: Pyramid["areaReports"]; readonly history?: ScoreHistory };
  /** Asks PostgreSQL; without it there are no `/api/trends` and `/api/exports`. */
  readonly sql?: Sql;
  /** Where calls with a key are counted; whoever makes it flushes it. Without it keys mean nothing, and there is no `/api/usage`. */
  readonly usage?: UsageLog;
  /** What is known of accounts, and counted for them, where a runtime shares it with what answers before the app; its own over `usage` by default. */
  readonly accounts?: Accounts;
  /** Who is signed in; without it there are no accounts to sign in to. */
  readonly sessions?: Sessions;
  /** Signs up and in; without it `/api/auth/*` is 503. */
  readonly auth?: Auth;
  /** Whether a request comes from this machine through no proxy, be it a page's or a program's. Without it none does. */
  isOnThisMachine?(context: Context): boolean;
  /** What accounts pay; without it there are no `/api/plans` and `/api/billing`. It may be off. */
  readonly billing?: Billing;
  /** Resolves when PostgreSQL answers; only `/readyz` asks. */
  pingDatabase(): Promise<void>;
  /** Hides reports for moderators to look at, and does what they decide. */
  readonly moderation: Moderation;
  /** Tells this process's tiles of a stored report before it is acknowledged. The same report may be told twice. */
  onReport(report: Report): void;
  /** The client's address, as `addressOf` spells it; how to know it differs per runtime. For limits it is cut to a network first (`lineOf`). */
  clientAddress(context: Context): string | undefined;
  /**
   * Where a request's client finds us: scheme, host and the path under which a proxy puts us, without a slash at the end. Without
   * it, scheme and host of the request.
   */
  publicUrl?(context: Context): string;
  /** Headers of a request that its `publicUrl` depends on; none where that is configured. `Host` without it. */
  readonly publicUrlFrom?: readonly string[];
  /** Whether a request comes from this machine itself and through no proxy. Without it none does. */
  isLocal?(context: Context): boolean;
  /** Counts what requests read; without it no client has a limit of that. */
  readonly meter?: ReadMeter;
  readonly settings: AppSettings;
  readonly log: Log;
  /** Where requests are counted, for a runtime that answers some of them before the app; its own by default. */
  readonly metrics?: RequestMetrics;
  /** For a runtime that has no time of its own between requests. */
  readonly besideAnswers?: BesideAnswers;
  /** Further figures for `/metrics`, such as the store's capacity units. */
  samples?(): readonly MetricSample[];
}

export interface AppSettings {
  /** Valid reports that one client address may send in a minute, also the burst. */
  readonly reportsPerMinute: number;
  /** Flags that one client address may send in a minute, also the burst. */
  readonly flagsPerMinute: number;
  /** Flags of different networks that hide a report. */
  readonly flagsToHide: number;
  /** Whether profanity in reports' texts is masked; so it is unless this is false. */
  readonly maskProfanity?: boolean;
  /** Whether reports of a flood are held for moderators; so they are unless this is false. */
  readonly holdFloods?: boolean;
  /** Whether a proof of work is asked for in bursts; not unless this is true. */
  readonly proofOfWork?: boolean;
  /** Most geohash-5 cells that the box of one report query may meet. */
  readonly queryCells: number;
  /** Trends and exports that one client address may ask for in a minute, also the burst; what `anonymous` says without it. */
  readonly questionsPerMinute?: number;
  /** The same of one account; what its plan says without it. */
  readonly keyCallsPerMinute?: number;
  /** What who has no account may ask; `ANONYMOUS` without it. */
  readonly anonymous?: PlanTerms;
  /** Read units of one client address a minute, also at once; 20 000 without it. */
  readonly readUnitsPerMinute?: number;
  /** Opens `/metrics` to whoever sends it; without it they are for this machine alone. */
  readonly metricsToken?: string;
  /** Where to tell of a vulnerability: a URI, for `/.well-known/security.txt`. */
  readonly securityContact?: string;
}

export const DEFAULT_SETTINGS: AppSettings = {
  reportsPerMinute: 600,
  flagsPerMinute: 20,
  flagsToHide: 3,
  queryCells: 512,
};

/**
 * What a runtime without time of its own does beside its answers, since it may be ended any time. Nobody waits for it, and none of it
 * rejects. Undefined: there is nothing to do now.
 */
export interface BesideAnswers {
  /** Before anything is read of the pyramid, once a request, which waits for it: takes in what others wrote. */
  reading(): Promise<void>;
  /** From when a tile is asked for: with some luck it has what is found. */
  tile(): Promise<void> | undefined;
  /** Behind what may have stored or edited a report. */
  change(): Promise<void> | undefined;
  /** Behind a question, which may have been counted. */
  call(): Promise<void> | undefined;
  /** Behind a tile with a key. */
  keyedTile(): Promise<void> | undefined;
}

/** Values that the app's middleware hands to its routes. */
export interface AppEnv {
  Variables: {
    requestId: string;
    /** As `AppParts` say; see `publicPath`. */
    publicUrl: string;
    /** Whether the answer has an address in it that depends on the request's `publicUrl`; see `publicPath`. */
    tellsAddress?: true;
    /** Whose account asks, by a key or a session, where the gate knows. */
    caller?: Caller;
    /** What the request is counted as, where it is. */
    call?: AdmittedCall;
    /** Whose session the request carries, behind `requireSignedIn`. */
    signedIn?: SignedIn;
  };
}

export type App = OpenAPIHono<AppEnv>;

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  AUTH_REQUESTS_PER_MINUTE,
  HASHES,
  MAILS,
  MAX_AUTH_BODY_BYTES,
  MAX_SESSIONS,
  WRONG_PASSWORDS,
} from "../../../server/accounts/auth/limits.ts";
import { MAX_KEPT_KEYS, MAX_WORKING_KEYS } from "../../../server/accounts/key-table.ts";
import {
  EXPORT_LIMITS,
  EXPORT_PACE,
  liveLimits,
  READ_UNITS_PER_MINUTE,
  TIMES_OF_ACCOUNT,
} from "../../../server/accounts/limits.ts";
import { ANONYMOUS, CALL_KINDS, PLAN_TERMS } from "../../../server/accounts/plans.ts";
import { DEFAULT_SETTINGS } from "../../../server/http/app.ts";
import {
  EXPORTED_CELLS,
  OWN_AREA_CALLS,
  OWN_CARDS_PER_MINUTE,
  READ_ROUTES,
  READ_TURNS,
  UNITS_TO_BEGIN,
} from "../../../server/http/core/route-limits.ts";
import { ROWS_PER_CALL } from "../../../server/http/routes/export-answer.ts";
import { FLAGS_PER_DAY } from "../../../server/moderation/flag-budget.ts";
import { MOST_HELD } from "../../../server/moderation/flood-watch.ts";
import { OWN_AREA_LIMITS } from "../../../server/own-areas/own-area.ts";
import { VARIABLES } from "../../../server/runtime/config.ts";
import { READING_PACE } from "../../../server/runtime/node/slow-readers.ts";
import { describedRoutes, listedRoutes } from "../../kit/described-routes.ts";

const document = readFileSync(new URL("../../../docs/limits.md", import.meta.url), "utf8");

const ROWS = document
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => {
    const [routes = "", cost = "", anonymous = "", withKey = "", bound = "", beyond = ""] = line
      .slice(2, -1)
      .split(" | ")
      .map((cell) => cell.trim());
    return { routes: listedRoutes(routes), cost, anonymous, withKey, bound, beyond };
  });

const rowOf = (route: string) => {
  const row = ROWS.find(({ routes }) => routes.includes(route));
  if (row === undefined) throw new Error(`${route} is not in the table`);
  return row;
};

/** `/api/reports/:id` as the OpenAPI document writes it. */
const describedPath = (path: string) =>
  path.replace(/:(\w+)/g, (_, name) => `{${name === "file" ? "y" : name}}${name === "file" ? ".pbf" : ""}`);

describe("docs/limits.md", () => {
  it("has every route of the API once, and no other", async () => {
    const listed = ROWS.flatMap(({ routes }) => routes);
    expect(listed.sort()).toEqual((await describedRoutes()).sort());
  });

  it("tells what routes cost in read units as the code counts them, of these routes alone", () => {
    for (const { path, least, most } of READ_ROUTES) {
      const { cost, anonymous, beyond } = rowOf(`GET ${describedPath(path)}`);
      expect(cost, path).toMatch(new RegExp(`^${least}; ${most} units( a layer| to open a stream)?$`));
      expect(
        [anonymous, beyond].map((cell) => cell.split(";")[0]),
        path,
      ).toEqual(["read units", "429"]);
    }
    expect(ROWS.filter(({ anonymous }) => anonymous.startsWith("read units"))).toHaveLength(READ_ROUTES.length);
  });

  it("tells what each plan gives", () => {
    const plans = { "nobody, an address": ANONYMOUS, ...PLAN_TERMS };
    for (const [plan, { dollars, quotas, perMinute }] of Object.entries(plans)) {
      const cells = CALL_KINDS.map((kind) => {
        const quota = quotas[kind];
        return quota === null ? "read units" : `${quota.calls} a ${quota.per}`;
      });
      const price = plan in PLAN_TERMS ? `$${dollars}` : "";
      const row = ["", plan, price, ...cells, `${perMinute}`, ""].join(" | ").replaceAll("  ", " ").trim();
      expect(document, plan).toContain(row);
    }
    expect(document).toContain(`${MAX_WORKING_KEYS} keys that work, ${2 * MAX_WORKING_KEYS} while`);
    expect(document).toContain(`${MAX_KEPT_KEYS} that are kept`);
    expect(rowOf("GET /tiles/{layers}/{z}/{x}/{y}.pbf").withKey).toContain(`${TIMES_OF_ACCOUNT} times as many`);
    expect(rowOf("GET /api/exports/scores.csv").cost).toContain(`a call for every ${ROWS_PER_CALL / 1000} 000 rows`);
  });

  it("tells the figures that the code has", () => {
    const ofMails = rowOf("POST /api/auth/sign-up/email");
    expect(ofMails.anonymous).toBe(
      `${AUTH_REQUESTS_PER_MINUTE.changes} a minute of all changes; mails: ${MAILS.toAddress.most} an hour to one address, ${MAILS.byNetwork.most} an hour for one network`,
    );
    expect(ofMails.bound).toBe(`a body of ${MAX_AUTH_BODY_BYTES} bytes`);
    const ofPasswords = rowOf("POST /api/auth/sign-in/email");
    const { fromNetwork, fromAll } = WRONG_PASSWORDS;
    expect(ofPasswords.anonymous).toContain(
      `wrong ones of an account: ${fromNetwork.most} in ${fromNetwork.seconds / 60} minutes from one network, ${fromAll.most} an hour in all`,
    );
    expect(ofPasswords.bound).toContain(`${HASHES.atOnce} hashes at once in a process, ${HASHES.waiting} more wait`);
    expect(rowOf("POST /api/auth/sign-out").bound).toContain(`${MAX_SESSIONS} sessions`);
    expect(rowOf("GET /api/account").anonymous).toContain(`${AUTH_REQUESTS_PER_MINUTE.reads} a minute`);
    const live = liveLimits(Number(VARIABLES.LIVE_STREAMS.default));
    const ofLive = rowOf("GET /api/live");
    expect([ofLive.anonymous, ofLive.withKey]).toEqual([
      `read units; ${live.perClient} streams`,
      `the same; ${live.perCustomer} streams`,
    ]);
    expect(ofLive.bound).toContain(
      `${live.total} in a process (\`LIVE_STREAMS\`), ${(100 * live.kept) / live.total}% `,
    );
    expect(rowOf("POST /api/reports").anonymous).toContain(`of a network ${MOST_HELD} held`);
    expect(rowOf("POST /api/reports/{id}/flag").anonymous).toContain(`of a network ${FLAGS_PER_DAY} a day`);
    const { perMinute, addedPerMinute } = OWN_AREA_CALLS;
    const ofOwnAreas = rowOf("POST /api/account/areas");
    expect(ofOwnAreas.withKey).toContain(`${perMinute} a minute, ${addedPerMinute} of them that add`);
    expect(rowOf("GET /api/areas/{id}").withKey).toContain(`${OWN_CARDS_PER_MINUTE} a minute`);
    const { features, bodyBytes, corners, logCells } = OWN_AREA_LIMITS;
    expect(ofOwnAreas.bound).toContain(`${features} features, ${bodyBytes / 2 ** 20} MiB at a time`);
    expect(ofOwnAreas.bound).toContain(`${corners} corners and ${logCells} geohash-5 cells an area`);
    const ofExports = rowOf("GET /api/exports/scores.csv");
    const { total, kept, perClient, perCustomer } = EXPORT_LIMITS;
    expect(ofExports.anonymous).toContain(`${perClient} slots`);
    expect(ofExports.withKey).toContain(`${perCustomer} slots`);
    expect(ofExports.bound).toContain(`${total} slots in a process, ${kept} of them kept for keys`);
    expect(ofExports.bound).toContain(`of reports ${EXPORTED_CELLS} geohash-5 cells`);
    expect(ofExports.bound).toContain(`${EXPORT_PACE.bytesPerSecond} bytes a second`);
    expect(document).toContain(
      `less than ${EXPORT_PACE.bytesPerSecond} bytes a second, beyond ${EXPORT_PACE.graceMs / 1000} s`,
    );
    expect(document).toContain(
      `${READING_PACE.bytesPerSecond} bytes a second, beyond ${READING_PACE.graceMs / 1000} s`,
    );
    expect(document).toContain(`\n${READ_UNITS_PER_MINUTE} a minute (\`READ_UNITS_PER_MINUTE\`)`);
    expect(document).toContain(`A request takes ${UNITS_TO_BEGIN} units`);
    expect(document).toContain(`On Node ${READ_TURNS.atOnce} lists and cards of one client`);
    expect(document).toContain(`at once; ${READ_TURNS.waiting} more wait`);
    const { reportsPerMinute, flagsPerMinute, queryCells } = DEFAULT_SETTINGS;
    expect(rowOf("POST /api/reports").anonymous).toContain(`${reportsPerMinute} a minute`);
    expect(rowOf("POST /api/reports/{id}/flag").anonymous).toContain(`${flagsPerMinute} a minute`);
    expect(rowOf("GET /api/reports").bound).toContain(`${queryCells} geohash-5 cells`);
  });
});

import { openSync, writeSync } from "node:fs";
import { openSqliteStores } from "../../../../server/store/sqlite/sqlite.ts";
import { encodeGeohash } from "../../../../tiles/geo/geohash.ts";
import { REPORT_LAYERS, REPORT_LIFETIME_MS } from "../../../../tiles/layers.ts";
import { type Report, roundDegrees } from "../../../../tiles/report.ts";
import { formatReportId, idTail } from "../../../../tiles/report-id.ts";
import { randomOf } from "../../../kit/random.ts";
import { type Acknowledgement, DERIVED_GROUP, lineOf } from "./acknowledgement.ts";

/**
 * A process of its own that writes to the file of argument 1 whatever the stores can write, several things at a time, and says of each
 * when it was acknowledged, in a line to standard output or to the file of argument 4. Argument 2 is a name that no other run has,
 * argument 3 the number of acknowledgements after which it closes the store and ends.
 */
const [path = "", name = "", most = "0", output] = process.argv.slice(2);
const LANES = 6;
const CELLS = 12;

const random = randomOf(name);
const { store, derived } = openSqliteStores({ path, clock: { now: Date.now } });
const out = output === undefined ? undefined : openSync(output, "a");
const isLimited = most !== "0";
let left = Number(most);
let reports = 0;

const print = (line: string): void => void (out === undefined ? process.stdout.write(line) : writeSync(out, line));

function say(acknowledgement: Acknowledgement): void {
  print(lineOf(acknowledgement));
  left--;
}

function makeReport(ageMs = 0): Report {
  const n = reports++;
  const createdAtMs = Date.now() - ageMs;
  const layer = random.pick(REPORT_LAYERS);
  const [lonDeg, latDeg] = [
    roundDegrees(-97.7 + random.below(CELLS) * 0.05),
    roundDegrees(30.2 + random.next() * 0.01),
  ];
  const tail = idTail(
    Uint8Array.from(
      Buffer.from(
        `${randomOf(`${name} ${n}`)
          .below(2 ** 31)
          .toString(16)}00000000`,
      ).subarray(0, 8),
    ),
  );
  const id = formatReportId({ createdAtMs, geohash5: encodeGeohash(lonDeg, latDeg, 5), layer, shard: 0, tail });
  const expiresAtMs = createdAtMs + REPORT_LIFETIME_MS;
  return { id, layer, category: "theft", severity: 3, lonDeg, latDeg, text: `${name} ${n}`, createdAtMs, expiresAtMs };
}

/** One lane's writes: each waits for the one before, and edits nothing that another lane may edit. */
async function writeInLane(lane: number): Promise<void> {
  const own: Report[] = [];
  const item = `${name}.${lane}`;
  let number = 0;
  let version: number | undefined;

  async function edit(report: Report): Promise<void> {
    const text = `edited ${random.below(1e6)}`;
    const kinds = [
      { kind: "hide" },
      { kind: "restore" },
      { kind: "remove" },
      { kind: "replace", report: { ...report, text } },
    ] as const;
    const edited = await store.edit(report.id, random.pick(kinds));
    if (edited === undefined) return;
    const shownText = edited.report?.text;
    say({
      kind: "edit",
      id: report.id,
      version: edited.version,
      isShown: edited.isShown,
      ...(shownText !== undefined && { text: shownText }),
    });
  }

  async function putDerived(): Promise<void> {
    number++;
    const body = Buffer.from(String(number).padEnd(random.below(3000)));
    if (!(await derived.put(DERIVED_GROUP, item, body, { expected: version })))
      throw new Error(`${item} has another version`);
    say({ kind: "derived", name: item, number });
    version = (await derived.get(DERIVED_GROUP, item))?.version;
  }

  while (!isLimited || left > 0) {
    const drawn = random.next();
    if (drawn < 0.6) {
      const report = makeReport();
      await store.put(report);
      own.push(report);
      say({ kind: "put", reports: [report] });
    } else if (drawn < 0.7) {
      const many = Array.from({ length: 1 + random.below(40) }, () => makeReport(random.below(1e9)));
      await store.putMany(many);
      say({ kind: "put", reports: many });
    } else if (drawn < 0.85 && own.length > 0) await edit(random.pick(own));
    else if (drawn < 0.92) {
      const claim = { fingerprint: `f${random.below(1e9)}`, reportId: `r${random.below(1e9)}` };
      const key = `${item} ${left}`;
      await store.claimKey(key, claim);
      say({ kind: "claim", key, claim });
    } else await putDerived();
  }
}

// Said when it begins, so that whoever kills it does not kill it before.
print("open\n");
await Promise.all(Array.from({ length: LANES }, (_, lane) => writeInLane(lane)));
await store.close();

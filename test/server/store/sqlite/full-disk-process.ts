import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSqliteStores } from "../../../../server/store/sqlite/sqlite.ts";
import { makeReport } from "../../../kit/make-report.ts";

/**
 * A process of its own that fills the small disk of argument 1, of argument 2 bytes, with reports until it takes no more, makes room,
 * and goes on; prints what it has seen.
 */
const [dir = "", size = "0"] = process.argv.slice(2);
const AT_ONCE = 50;
const ROUNDS_MOST = 2000;

const filler = join(dir, "filler");
writeFileSync(filler, Buffer.alloc(Number(size) / 2));
const deaths: string[] = [];
const onDeath = (error: Error) => deaths.push(error.message);
const { store } = openSqliteStores({ path: join(dir, "reports.sqlite"), clock: { now: Date.now }, onDeath });

let seed = 0;
const nextReports = () =>
  Array.from({ length: AT_ONCE }, () => makeReport({ createdAtMs: Date.now(), seed: seed++, text: "x".repeat(280) }));

async function putAll(reports: ReturnType<typeof nextReports>) {
  const results = await Promise.allSettled(reports.map((report) => store.put(report)));
  const acknowledged = reports.filter((_, n) => results[n]?.status === "fulfilled").map(({ id }) => id);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  return { acknowledged, failures };
}

const isReady = (): Promise<boolean> =>
  store.ping().then(
    () => true,
    () => false,
  );

const acknowledged: string[] = [];
let failed: Awaited<ReturnType<typeof putAll>>["failures"] = [];
let refused: ReturnType<typeof nextReports> = [];
for (let round = 0; round < ROUNDS_MOST && failed.length === 0; round++) {
  refused = nextReports();
  const put = await putAll(refused);
  acknowledged.push(...put.acknowledged);
  failed = put.failures;
}
// Where fifty find no room, one still may.
for (let alone = 0, isFull = false; !isFull && alone < ROUNDS_MOST; alone++) {
  const [report] = nextReports();
  const put = await store.put(report as NonNullable<typeof report>).catch(() => undefined);
  if (put === undefined) isFull = true;
  else acknowledged.push((report as NonNullable<typeof report>).id);
}
const readWhileFull = (await store.getMany(acknowledged)).length;
const pings = [await isReady()];
rmSync(filler);
pings.push(await isReady());
const after = await putAll(refused);
acknowledged.push(...after.acknowledged);
const ids = new Set(acknowledged);
const found = await store.getMany([...ids]);
await store.close();
console.log(
  JSON.stringify({
    errors: [...new Set(failed.map(({ name, message }) => `${name}: ${message}`))],
    deaths,
    readWhileFull: readWhileFull === acknowledged.length - after.acknowledged.length,
    pings,
    failuresAfter: after.failures.map(({ message }) => message),
    lost: ids.size - found.length,
  }),
);

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { HOUSTON_SOURCE, HOUSTON_TARGET, houstonCsv } from "./houston-file.ts";

/** `npm run houston [-- crime.rda]`: gets Houston's incidents from where they are published, or from a copy of that file. */
const [copy] = process.argv.slice(2);
try {
  const rda = copy === undefined ? await download(HOUSTON_SOURCE) : readFileSync(copy);
  const csv = houstonCsv(rda);
  mkdirSync(dirname(HOUSTON_TARGET), { recursive: true });
  writeFileSync(HOUSTON_TARGET, gzipSync(csv, { level: 9 }));
  console.log(`${csv.split("\n").length - 2} incidents: ${relative(process.cwd(), HOUSTON_TARGET)}`);
} catch (error) {
  const { message, cause } = error as Error;
  console.error(`${copy ?? HOUSTON_SOURCE}: ${cause instanceof Error ? cause.message : message}`);
  process.exitCode = 1;
}

async function download(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

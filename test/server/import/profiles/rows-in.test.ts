import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { findProfile } from "../../../../server/import/profiles/named-profiles.ts";
import { withRowsIn } from "../../../../server/import/profiles/rows-in.ts";

const path = join(mkdtempSync(join(tmpdir(), "rows-in-")), "file");
afterAll(() => rmSync(join(path, ".."), { recursive: true }));

const PAGE = `${JSON.stringify({ metadata: { page: 1 }, issues: [{ id: 1 }] }, null, 2)}\n`;

test.each([
  ["a page of the API", PAGE, "issues"],
  ["the same with a mark, compressed", gzipSync(`\uFEFF${PAGE}`), "issues"],
  ["a long one, compressed", gzipSync(PAGE + "x".repeat(1 << 20)), "issues"],
  ["an array", '[{"issues":[1]}]', undefined],
  ["GeoJSON", '{"type":"FeatureCollection","features":[]}', undefined],
  ["a member of that name that is no array", '{"issues":{"id":1}}', undefined],
  ["CSV", 'id,issues\n1,"""issues"":[1]"\n', undefined],
  ["nothing", "", undefined],
])("%s", async (_, content, rowsIn) => {
  writeFileSync(path, content);
  const profile = await findProfile("seeclickfix");
  expect((await withRowsIn<Parameters<typeof withRowsIn>[0]>({ path, profile })).rowsIn).toBe(rowsIn);
  expect(await withRowsIn({ path, profile, rowsIn: "other" })).toMatchObject({ rowsIn: "other" });
});

test("a file that is not there is left to whoever opens it", async () => {
  const profile = await findProfile("seeclickfix");
  expect(await withRowsIn({ path: `${path}.none`, profile })).not.toHaveProperty("rowsIn");
});

import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { keepStdin } from "../../../../server/import/files/stdin-file.ts";

test("what comes by standard input is read twice, and leaves nothing behind", async () => {
  const content = Buffer.alloc(600_000, "0123456789");
  const file = await keepStdin(Readable.from([content.subarray(0, 7), content.subarray(7)]));
  expect(file.sizeBytes).toBe(content.length);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("import-stdin-"))).toEqual([]);
  for (const _ of [1, 2]) {
    const parts: Buffer[] = [];
    for await (const part of await file.stream(5, 500_000)) parts.push(part);
    expect(Buffer.concat(parts)).toEqual(content.subarray(5, 500_001));
  }
  // One that is not read to its end does not close the file.
  for await (const _ of await file.stream(0)) break;
  expect((await file.readAt(3, 4)).toString()).toBe("3456");
  await file.close();
});

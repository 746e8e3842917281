import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openContainer } from "../../../../server/import/files/container.ts";
import { keepStdin } from "../../../../server/import/files/stdin-file.ts";

const LONG = "x".repeat(1_000_000);

async function read(content: AsyncIterable<Buffer>, mostBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes >= mostBytes) break;
  }
  return Buffer.concat(parts).toString();
}

test.each(["a,b\n1,2\n", LONG])(
  "reads standard input as often as is needed, also where a reader stops early",
  async (content) => {
    for (const bytes of [Buffer.from(content), gzipSync(content)]) {
      const file = await keepStdin(Readable.from([bytes]));
      try {
        const container = await openContainer(file);
        for (let passes = 0; passes < 2; passes++) {
          expect(
            content.startsWith(
              await read(
                container.read(() => {}),
                1,
              ),
            ),
          ).toBe(true);
          expect(await read(container.read(() => {}))).toBe(content);
        }
      } finally {
        await file.close();
      }
    }
  },
);

test("closes what it kept at the end only", async () => {
  const file = await keepStdin(createReadStream(import.meta.filename));
  await file.close();
  await expect(file.stream(0)).rejects.toThrow();
});

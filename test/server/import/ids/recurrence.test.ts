import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { createRecurrence } from "../../../../server/import/ids/recurrence.ts";

test.each([0, 100_000, undefined])("counts how often a row came before, in a file of %j bytes", (sizeBytes) => {
  const contents = Array.from({ length: 30_000 }, (_, i) => (i % 3 === 0 ? i : i % 3000));
  const digests = contents.map((content) => hash("sha256", String(content), "buffer"));
  const recurrence = createRecurrence(sizeBytes);
  for (const digest of digests) recurrence.note(digest);
  const seen = new Map<number, number>();
  const expected = contents.map((content) => {
    const before = seen.get(content) ?? 0;
    seen.set(content, before + 1);
    return before;
  });
  expect(digests.map((digest) => recurrence.occurrence(digest))).toEqual(expected);
});

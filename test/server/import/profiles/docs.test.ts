import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROFILE_NAMES } from "../../../../server/import/profiles/named-profiles.ts";
import { parseProfile } from "../../../../server/import/profiles/profile.ts";

const page = readFileSync(new URL("../../../../docs/import-profiles.md", import.meta.url), "utf8");

test("the page has a command for every profile, and its own profile is one", () => {
  for (const name of PROFILE_NAMES) expect(page).toContain(`--profile ${name}`);
  const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? "";
  const profile = parseProfile(example, "docs/import-profiles.md");
  expect(profile.columns.id).toEqual(["ref"]);
  for (const member of Object.keys(profile)) expect(page).toContain(`\`${member}\``);
});

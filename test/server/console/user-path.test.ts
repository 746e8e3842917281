import { expect, test } from "vitest";
import { userPath } from "../../../server/console/user-path.ts";

const npm = { INIT_CWD: "/home/ana/data", npm_package_json: "/srv/app/package.json" };

test("a path is of the folder where the user called npm", () => {
  expect(userPath("x.csv", npm, "/srv/app")).toBe("/home/ana/data/x.csv");
  expect(userPath("../x.csv", npm, "/srv/app")).toBe("/home/ana/x.csv");
  expect(userPath("/tmp/x.csv", npm, "/srv/app")).toBe("/tmp/x.csv");
});

test("a path is of the process's own folder without npm, and where a script has gone elsewhere", () => {
  expect(userPath("x.csv", {}, "/srv/app")).toBe("/srv/app/x.csv");
  expect(userPath("x.csv", npm, "/srv/other")).toBe("/srv/other/x.csv");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { formatRoute, OPEN_VIEWS, parseRoute, VIEWS } from "../../../client/dashboard/page/route.ts";
import { runs } from "../../kit/runs.ts";

/** Names that the address gives a meaning of their own. */
const OWN = ["view", "reset", "verified", "__proto__"];

test("brings back what a shared address says", () => {
  const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !OWN.includes(text) && text.isWellFormed());
  const value = fc.string({ minLength: 1 }).filter((text) => text.isWellFormed());
  const route = fc.record({
    view: fc.constantFrom(...VIEWS, ...OPEN_VIEWS),
    query: fc.dictionary(name, value, { noNullPrototype: true }),
  });
  fc.assert(
    fc.property(route, (given) => {
      expect(parseRoute(formatRoute(given))).toEqual(given);
    }),
    runs(2_000),
  );
});

test("shows the overview for what is no view, and the screens that mails lead to", () => {
  expect(parseRoute("").view).toBe("overview");
  expect(parseRoute("?view=toString&city=austin")).toEqual({ view: "overview", query: { city: "austin" } });
  expect(parseRoute("?reset=abc")).toEqual({ view: "reset", query: { reset: "abc" } });
  expect(parseRoute("?view=reset&token=abc")).toEqual({ view: "reset", query: { token: "abc" } });
  expect(parseRoute("?verified&error=TOKEN_EXPIRED").view).toBe("sign-in");
  expect(parseRoute(`?view=trends&area=${"a".repeat(5_000)}`)).toEqual({ view: "trends", query: {} });
});

import { expect, it } from "vitest";
import { type ModeratorRights, mayModerate, roleOf } from "../../../server/moderation/may-moderate.ts";

const OPERATOR: ModeratorRights = { isOperator: true, cities: [] };
const OF_AUSTIN = { isOperator: false, cities: ["austin"] };
const NOBODY = { isOperator: false, cities: [] };

it.each(["look", "decide"] as const)(
  "lets operators %s everywhere, a city's accounts there, and nobody else",
  (task) => {
    const may = (rights: ModeratorRights) =>
      ["austin", "brooklyn", undefined].map((city) => mayModerate(rights, task, city));
    expect([may(OPERATOR), may(OF_AUSTIN), may(NOBODY)]).toEqual([
      [true, true, true],
      [true, false, false],
      [false, false, false],
    ]);
    expect([OPERATOR, OF_AUSTIN, NOBODY].map(roleOf)).toEqual(["operator", "city", "nobody"]);
  },
);

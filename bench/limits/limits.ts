import { READ_UNITS_PER_MINUTE } from "../../server/accounts/limits.ts";
import { type Check, printChecks, printTable, writeResults } from "../../test/kit/output.ts";
import { type AttackFigures, measureAttacks } from "./limits-victims.ts";
import { measureVisitor, type VisitorCost } from "./limits-visitor.ts";

const REPORTS = 200_000;
const SMALL_REPORTS = 20_000;
/** A visitor's dearest minute is to be such a part of what one client may read: a school may sit behind one address. */
const MOST_OF_BUDGET = 1 / 20;

/** Others' p99 under an attack, beside the same without it. */
const MOST_SLOWER = 2;
const SECONDS = 8;
const SMALL_SECONDS = 3;

/** What limits cost those who are not meant, and what attacks cost those who do not take part. */
export async function run(args: readonly string[]): Promise<void> {
  const isSmall = args.includes("--small");
  const visitor = await measureVisitor(isSmall ? SMALL_REPORTS : REPORTS);
  printVisitor(visitor);
  const attacks = await measureAttacks(1_000 * (isSmall ? SMALL_SECONDS : SECONDS));
  printAttacks(attacks);
  const checks = [visitorCheck(visitor), ...attacks.flatMap(attackChecks)];
  printChecks("limits", checks);
  writeResults("limits", { visitor, attacks, checks });
}

function printVisitor({ dearestMinute, all, requests, tiles }: VisitorCost): void {
  printTable(
    "one visitor, ten minutes at full speed, four layers, alone on a process that holds nothing",
    ["tiles asked for", "units in the dearest minute", "units in all", "requests to the store"],
    [[`${tiles}`, dearestMinute, all, requests]],
  );
}

const visitorCheck = ({ dearestMinute }: VisitorCost): Check => ({
  what: "read units of a visitor's dearest minute",
  limit: `<= ${MOST_OF_BUDGET * READ_UNITS_PER_MINUTE}`,
  found: dearestMinute,
  met: dearestMinute <= MOST_OF_BUDGET * READ_UNITS_PER_MINUTE,
});

function printAttacks(attacks: readonly AttackFigures[]): void {
  printTable(
    "other clients while one attacks",
    ["attack", "p99 ms without", "p99 ms", "times", "refused", "of", "exports refused", "of"],
    attacks.map(({ attack, calmP99Ms, p99Ms, ratio, refused, answers, exports, exportsRefused }) => [
      attack,
      calmP99Ms,
      p99Ms,
      ratio,
      refused,
      answers,
      exportsRefused,
      exports,
    ]),
  );
}

const attackChecks = ({ attack, ratio, refused, exportsRefused }: AttackFigures): Check[] => [
  { what: `${attack}: others' p99`, limit: `<= ${MOST_SLOWER} times`, found: ratio, met: ratio <= MOST_SLOWER },
  {
    what: `${attack}: others and exports refused`,
    limit: "0",
    found: refused + exportsRefused,
    met: refused + exportsRefused === 0,
  },
];

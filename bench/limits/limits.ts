import { READ_UNITS_PER_MINUTE } from "../../server/accounts/limits.ts";
import { type Check, printChecks, printTable, writeResults } from "../../test/kit/output.ts";
import { measureVisitor, type VisitorCost } from "./limits-visitor.ts";

const REPORTS = 200_000;
const SMALL_REPORTS = 20_000;
/** A visitor's dearest minute is to be such a part of what one client may read: a school may sit behind one address. */
const MOST_OF_BUDGET = 1 / 20;

/** What limits cost those who are not meant, and what attacks cost those who do not take part. */
export async function run(args: readonly string[]): Promise<void> {
  const visitor = await measureVisitor(args.includes("--small") ? SMALL_REPORTS : REPORTS);
  printVisitor(visitor);
  const checks = [visitorCheck(visitor)];
  printChecks("limits", checks);
  writeResults("limits", { visitor, checks });
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

import type { Report } from "../../tiles/report.ts";
import { createAreaCatalogue } from "../areas/area-catalogue.ts";
import { createAreaSets } from "../areas/area-sets.ts";
import { createCityOfPlace } from "../areas/city-of-place.ts";
import { exitOnError, OperatorError } from "../console/operator-error.ts";
import type { Decision, ModerationCase } from "../moderation/case.ts";
import type { Listed } from "../moderation/case-table.ts";
import { createModeration, type Moderation } from "../moderation/moderation.ts";
import { type CommandStore, openCommandStore, SYSTEM_CLOCK } from "./command-store.ts";
import { type ModerateCommand, parseModerateCommand, USAGE } from "./moderate-arguments.ts";

const PAGE = 100;

/** `npm run moderate`: what moderators do over HTTP, on the store itself; servers hear of it as of any edit. */
try {
  const command = parseModerateCommand(process.argv.slice(2));
  if (command.name === "help") process.stdout.write(USAGE);
  else await withModeration((moderation) => run(command, moderation));
} catch (error) {
  exitOnError(error);
}

async function withModeration(work: (moderation: Moderation) => Promise<void>): Promise<void> {
  const opened = await openCommandStore(process.env);
  try {
    await work(moderationOf(opened));
  } finally {
    await opened.close();
  }
}

function moderationOf({ store, derived, log }: CommandStore): Moderation {
  const catalogue = createAreaCatalogue({ sets: createAreaSets({ derived, log }), clock: SYSTEM_CLOCK });
  const cityOf = createCityOfPlace(catalogue);
  // Nobody is served from here: servers are told by the change feed.
  const tell = { onReport: () => {}, onEdit: () => {} };
  return createModeration({ store, derived, clock: SYSTEM_CLOCK, log, cityOf, ...tell });
}

async function run(command: Exclude<ModerateCommand, { name: "help" }>, moderation: Moderation): Promise<void> {
  if (command.name === "list") {
    const cases = await upTo(command.limit, (page) => moderation.list(command, page));
    for (const each of cases) say(describeCase(each));
    if (cases.length === 0) process.stderr.write(`There is no report that is ${command.state}.\n`);
    return;
  }
  if (command.name === "log") {
    for (const { id, ...decision } of await upTo(command.limit, (page) => moderation.log(command, page))) {
      say(`${id}  ${describeStep(decision)}`);
    }
    return;
  }
  if (command.name === "show") return show(command.id, moderation);
  const ruled = await moderation.rule(command.id, command.ruling);
  if (ruled === undefined) throw new OperatorError(unknown(command.id));
  if (ruled === "nothing-to-undo") throw new OperatorError(`There is no decision on ${command.id} to take back.`);
  say(describeCase(ruled));
}

async function show(id: string, moderation: Moderation): Promise<void> {
  const subject = await moderation.find(id);
  if (subject === undefined) throw new OperatorError(unknown(id));
  if (subject.known === undefined) return say(`${describeReport(subject.report)}\n  shown; nobody has decided on it`);
  say(describeCase(subject.known));
  for (const step of subject.known.history) say(`  ${describeStep(step)}${step.isUndone ? " (undone)" : ""}`);
}

function unknown(id: string): string {
  return `No report ${id} is known: it never was, has expired, was removed, or was hidden by an earlier version; restore brings the last back.`;
}

/** What the pages of a list have, up to so many. */
async function upTo<T>(
  limit: number,
  read: (page: { readonly limit: number; readonly cursor?: string | undefined }) => Promise<Listed<T>>,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await read({ limit: Math.min(PAGE, limit - found.length), cursor });
    found.push(...items);
    cursor = nextCursor;
  } while (cursor !== undefined && found.length < limit);
  return found;
}

function describeCase({ report, city, state, cause, flags }: ModerationCase): string {
  const counts = Object.entries(flags ?? {}).map(([reason, count]) => `${count} ${reason}`);
  const why = counts.length === 0 ? cause : `${cause}: ${counts.join(", ")}`;
  return `${describeReport(report)}\n  ${state} (${why})${city === undefined ? "" : ` in ${city}`}`;
}

function describeReport({ id, layer, category, severity, lonDeg, latDeg, createdAtMs, text }: Report): string {
  const said = text === undefined ? "" : `  ${JSON.stringify(text)}`;
  return `${id}  ${new Date(createdAtMs).toISOString()}  ${layer}, ${JSON.stringify(category)}, severity ${severity}  ${latDeg},${lonDeg}${said}`;
}

function describeStep({ atMs, by, what, from, to, reason }: Decision): string {
  return `${new Date(atMs).toISOString()}  ${by}: ${what}, ${from} to ${to}${reason === undefined ? "" : `  ${JSON.stringify(reason)}`}`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

import { parseReportId } from "../../tiles/report-id.ts";
import { OperatorError } from "../console/operator-error.ts";
import { parseOptions } from "../console/parse-options.ts";
import { ACTIONS, QUEUE_STATES, type QueueState } from "../moderation/case.ts";
import type { Ruling } from "../moderation/moderation.ts";

export const USAGE = `npm run moderate -- COMMAND

  list          reports that wait for a moderator, the newest first
  show ID       a report, with all that was decided on it
  hide ID       hides it from every tile, list, card and score
  restore ID    shows it again; no flag hides it any more
  dismiss ID    the same, and says that its flags were unfounded: others of their networks weigh less for 30 days
  undo ID       takes back the last decision on it
  log           what was decided, by whom and when, the newest first

  --city SLUG   of list and log: only of a city, such as san-francisco
  --state STATE of list: ${QUEUE_STATES.join(", ")}; held by default
  --limit N     of list and log: 50 by default, at most 1000
  --reason TEXT of hide, restore and dismiss: why, for the log; at most 280 characters
  --by NAME     of hide, restore, dismiss and undo: who decides, for the log; "operator" by default
`;

const OPTIONS = {
  city: { type: "string" },
  state: { type: "string" },
  limit: { type: "string" },
  reason: { type: "string" },
  by: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

export type ModerateCommand =
  | { readonly name: "help" }
  | { readonly name: "list"; readonly city?: string; readonly state: QueueState; readonly limit: number }
  | { readonly name: "log"; readonly city?: string; readonly limit: number }
  | { readonly name: "show"; readonly id: string }
  | { readonly name: "rule"; readonly id: string; readonly ruling: Ruling };

type OptionName = Exclude<keyof typeof OPTIONS, "help">;

const TAKES: Readonly<Record<string, { readonly words: readonly string[]; readonly options: readonly OptionName[] }>> =
  {
    list: { words: [], options: ["city", "state", "limit"] },
    log: { words: [], options: ["city", "limit"] },
    show: { words: ["ID"], options: [] },
    undo: { words: ["ID"], options: ["by"] },
    ...Object.fromEntries(ACTIONS.map((action) => [action, { words: ["ID"], options: ["reason", "by"] }])),
  };

const MOST_LISTED = 1_000;

/** Reads the arguments behind the script's name. @throws OperatorError on a mistake in them */
export function parseModerateCommand(args: readonly string[]): ModerateCommand {
  const { values, positionals } = parseOptions(args, OPTIONS);
  const [name, ...words] = positionals;
  if (values.help || name === undefined) return { name: "help" };
  const takes = Object.hasOwn(TAKES, name) ? TAKES[name] : undefined;
  if (takes === undefined)
    throw new OperatorError(`There is no command ${name}: ${Object.keys(TAKES).join(", ")}. --help tells more.`);
  if (words.length !== takes.words.length)
    throw new OperatorError(`It is: npm run moderate -- ${[name, ...takes.words].join(" ")}. --help tells more.`);
  const surplus = Object.keys(values).find((option) => !takes.options.some((known) => known === option));
  if (surplus !== undefined) throw new OperatorError(`--${surplus} is no option of ${name}.`);
  const { city, state = "held", limit = "50", reason, by = "operator" } = values;
  const of = city === undefined ? {} : { city: parseCity(city) };
  if (name === "list") return { name, ...of, state: parseState(state), limit: parseLimit(limit) };
  if (name === "log") return { name, ...of, limit: parseLimit(limit) };
  const id = parseId(words[0] ?? "");
  if (name === "show") return { name, id };
  const action = [...ACTIONS, "undo" as const].find((each) => each === name) ?? "undo";
  const why = reason === undefined ? {} : { reason: parseText("--reason", reason, 280) };
  return { name: "rule", id, ruling: { action, by: parseText("--by", by, 80), ...why } };
}

function parseId(text: string): string {
  if (parseReportId(text) === undefined) throw new OperatorError(`${text} is no id of a report.`);
  return text;
}

function parseCity(text: string): string {
  if (text.length > 64 || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text))
    throw new OperatorError(`--city ${text} is no city: small letters, digits and hyphens.`);
  return text;
}

function parseState(text: string): QueueState {
  const state = QUEUE_STATES.find((each) => each === text);
  if (state === undefined) throw new OperatorError(`--state ${text} is not one of ${QUEUE_STATES.join(", ")}.`);
  return state;
}

function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MOST_LISTED)
    throw new OperatorError(`--limit ${text} is not a whole number from 1 to ${MOST_LISTED}.`);
  return limit;
}

function parseText(option: string, text: string, most: number): string {
  const trimmed = text.trim();
  if (trimmed.length < 1 || trimmed.length > most || /\p{Cc}/u.test(trimmed))
    throw new OperatorError(`${option} must have 1 to ${most} characters, none of them a control character.`);
  return trimmed;
}

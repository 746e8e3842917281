import type { SubscriptionChange } from "../accounts/operator-changes.ts";
import { PLANS, STATUSES } from "../accounts/subscription.ts";
import { OperatorError } from "../console/operator-error.ts";
import { parseOptions } from "../console/parse-options.ts";

export const USAGE = `npm run account -- COMMAND

  add EMAIL               makes an account with a first key, which is shown once
  list                    all accounts, the newest first, with their calls of this month
  list EMAIL              an account: its subscription, keys, and calls of this month by kind
  set EMAIL               changes what the options say, unless it is paid for by Stripe
  key add EMAIL           makes another key, which is shown once
  operator EMAIL          lets it moderate reports everywhere; --off takes that away
  city EMAIL SLUG         lets it moderate reports in a city, such as san-francisco; --off takes that away
  key revoke EMAIL PREFIX revokes a key by its first characters, stratum_ and six more; servers know within 10 seconds
  refresh EMAIL           reads again from Stripe what it pays for, when an event may have been lost
  delete EMAIL --yes      deletes the account, its keys and its usage for good, and ends what it pays for
  log                     the last 100 changes of operators, of a year at the most

  --plan PLAN             of add and set: ${PLANS.join(", ")}; resident by default, which is free
  --status STATUS         of add and set, as Stripe names it, active by default:
                          ${STATUSES.join(", ")}
  --limit N               of add and set: trends and exports a month, in place of what the plan has
  --off                   of operator and city; servers know within 10 seconds
  --yes                   of delete: there is no way back
  --key-name NAME         of add and key add: what the key is for, "default" by default; at most 80 characters
`;

const OPTIONS = {
  plan: { type: "string" },
  status: { type: "string" },
  limit: { type: "string" },
  "key-name": { type: "string" },
  off: { type: "boolean" },
  yes: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export type AccountCommand =
  | { readonly name: "help" }
  | { readonly name: "list"; readonly email?: string }
  | { readonly name: "add"; readonly email: string; readonly change: SubscriptionChange; readonly keyName: string }
  | { readonly name: "set"; readonly email: string; readonly change: SubscriptionChange }
  | { readonly name: "operator"; readonly email: string; readonly isOn: boolean }
  | { readonly name: "city"; readonly email: string; readonly city: string; readonly isOn: boolean }
  | { readonly name: "key add"; readonly email: string; readonly keyName: string }
  | { readonly name: "key revoke"; readonly email: string; readonly prefix: string }
  | { readonly name: "refresh"; readonly email: string }
  | { readonly name: "delete"; readonly email: string }
  | { readonly name: "log" };

type Options = ReturnType<typeof parseOptions<typeof OPTIONS>>["values"];
type OptionName = Exclude<keyof typeof OPTIONS, "help">;

/** Words that a command takes after its name, and its options. */
const COMMANDS = {
  add: { words: ["EMAIL"], options: ["plan", "status", "limit", "key-name"] },
  list: { words: ["[EMAIL]"], options: [] },
  set: { words: ["EMAIL"], options: ["plan", "status", "limit"] },
  operator: { words: ["EMAIL"], options: ["off"] },
  city: { words: ["EMAIL", "SLUG"], options: ["off"] },
  "key add": { words: ["EMAIL"], options: ["key-name"] },
  "key revoke": { words: ["EMAIL", "PREFIX"], options: [] },
  refresh: { words: ["EMAIL"], options: [] },
  delete: { words: ["EMAIL"], options: ["yes"] },
  log: { words: [], options: [] },
} as const satisfies Readonly<Record<string, { words: readonly string[]; options: readonly OptionName[] }>>;

/** Reads the arguments behind the script's name. @throws OperatorError on a mistake in them */
export function parseAccountCommand(args: readonly string[]): AccountCommand {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help || positionals.length === 0) return { name: "help" };
  const name = positionals.splice(0, positionals[0] === "key" ? 2 : 1).join(" ");
  if (!isCommand(name)) {
    throw new OperatorError(`There is no command ${name}: ${Object.keys(COMMANDS).join(", ")}. --help tells more.`);
  }
  checkShape(name, positionals, values);
  const [emailWord, second = ""] = positionals;
  if (emailWord === undefined) return { name: name === "log" ? "log" : "list" };
  const email = parseEmail(emailWord);
  const keyName = parseKeyName(values["key-name"] ?? "default");
  const change = parseChange(values);
  switch (name) {
    case "list":
      return { name, email };
    case "log":
      return { name };
    case "refresh":
      return { name, email };
    case "delete":
      if (values.yes !== true) throw new OperatorError(`To delete ${email} and all that it has for good, add --yes.`);
      return { name, email };
    case "add":
      return { name, email, change, keyName };
    case "set":
      if (Object.values(change).every((value) => value === undefined)) {
        throw new OperatorError("Say what to set: --plan, --status or --limit.");
      }
      return { name, email, change };
    case "operator":
      return { name, email, isOn: values.off !== true };
    case "city":
      return { name, email, city: parseCity(second), isOn: values.off !== true };
    case "key add":
      return { name, email, keyName };
    case "key revoke":
      return { name, email, prefix: second };
  }
}

const isCommand = (name: string): name is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, name);

function checkShape(name: keyof typeof COMMANDS, given: readonly string[], values: Options): void {
  const { words, options }: { words: readonly string[]; options: readonly string[] } = COMMANDS[name];
  const needed = words.filter((word) => !word.startsWith("["));
  if (given.length < needed.length || given.length > words.length) {
    throw new OperatorError(`It is: npm run account -- ${[name, ...words].join(" ")}. --help tells more.`);
  }
  const surplus = Object.keys(values).find((option) => !options.includes(option));
  if (surplus !== undefined) throw new OperatorError(`--${surplus} is no option of ${name}.`);
}

function parseChange({ plan, status, limit }: Options): SubscriptionChange {
  return {
    plan: plan === undefined ? undefined : oneOf("--plan", plan, PLANS),
    status: status === undefined ? undefined : oneOf("--status", status, STATUSES),
    monthlyCallsLimit: limit === undefined ? undefined : parseLimit(limit),
  };
}

function oneOf<const T extends string>(option: string, text: string, words: readonly T[]): T {
  const word = words.find((each) => each === text);
  if (word === undefined) throw new OperatorError(`${option} ${text} is not one of ${words.join(", ")}.`);
  return word;
}

function parseLimit(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new OperatorError(`--limit ${text} is not a number of calls from 0 to 999999999.`);
  return Number(text);
}

function parseEmail(text: string): string {
  if (text.length > 254 || !/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(text))
    throw new OperatorError(`${text} is no e-mail address.`);
  return text;
}

function parseCity(text: string): string {
  if (text.length > 64 || !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text))
    throw new OperatorError(
      `${text} is no city: small letters, digits and hyphens, as /api/cities and /api/areas have it.`,
    );
  return text;
}

function parseKeyName(text: string): string {
  const name = text.trim();
  if (name.length < 1 || name.length > 80 || /\p{C}/u.test(name)) {
    throw new OperatorError("--key-name must have 1 to 80 characters, none of them a control character.");
  }
  return name;
}

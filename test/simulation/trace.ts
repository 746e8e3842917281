import { hashOf } from "../kit/random.ts";
import type { CommandInput } from "./database.ts";
import type { Fault } from "./faults.ts";

/** What happened in a run, in order. Two runs of a seed have the same hash, on any machine. */
export interface Trace {
  request(call: TracedCall, fault: Fault | undefined): void;
  answer(call: TracedCall, outcome: { readonly value: object } | { readonly error: unknown }): void;
  /** Something else than a request to the store. */
  note(who: string, what: string): void;
  hash(): string;
  /** None unless they are kept. */
  readonly lines: readonly TraceLine[];
}

export interface TracedCall {
  readonly label: string;
  readonly command: string;
  readonly input: CommandInput;
}

export interface TraceLine {
  /** Since the start of the run. */
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
  /** A request to the store, or its answer, that went as it should. */
  readonly isPlain: boolean;
}

export interface TraceOptions {
  /** Milliseconds since the start. */
  readonly sinceStart: () => number;
  readonly keep: boolean;
}

export function createTrace({ sinceStart, keep }: TraceOptions): Trace {
  const lines: TraceLine[] = [];
  let [high, low] = [0, 0];

  function add(who: string, what: () => string, isPlain: boolean, hashed: string): void {
    const atMs = sinceStart();
    const text = `${atMs} ${who} ${hashed}`;
    high = hashOf(text, high);
    low = hashOf(text, low ^ 0x9e3779b9);
    if (keep) lines.push({ atMs, who, what: what(), isPlain });
  }

  return {
    request({ label, command, input }, fault) {
      const what = () => `${command} ${subjectOf(input)}${fault === undefined ? "" : ` !! ${describeFault(fault)}`}`;
      add(label, what, fault === undefined, command);
    },
    answer({ label, command }, outcome) {
      const name = "error" in outcome ? (outcome.error as Error).name : sizeOf(outcome.value);
      add(label, () => `${command} -> ${name}`, true, name);
    },
    note: (who, what) => add(who, () => what, false, what),
    hash: () => [high, low].map((part) => part.toString(16).padStart(8, "0")).join(""),
    lines,
  };
}

export const describeFault = ({ kind, ms }: Fault): string =>
  kind === "delayed" || kind === "doubled" || kind === "stall" ? `${kind} ${Math.round(ms)} ms` : kind;

/** What a command is about: its keys. */
function subjectOf({ Key, Item, RequestItems, ExpressionAttributeValues: values }: CommandInput): string {
  const key = Key ?? Item;
  if (key !== undefined) return `${key.pk} ${key.sk}`;
  if (RequestItems === undefined)
    return Object.values(values ?? {})
      .map(String)
      .join(" ");
  const entries = Object.values(RequestItems).flatMap((list) => (Array.isArray(list) ? list : [list]));
  return entries.map((entry: unknown) => describeEntry(entry)).join("; ");
}

function describeEntry(entry: unknown): string {
  const { PutRequest, DeleteRequest, Keys } = entry as {
    PutRequest?: { Item: { pk: string; sk: string } };
    DeleteRequest?: { Key: { pk: string; sk: string } };
    Keys?: { pk: string; sk: string }[];
  };
  const keys = PutRequest ? [PutRequest.Item] : DeleteRequest ? [DeleteRequest.Key] : (Keys ?? []);
  return `${DeleteRequest ? "delete " : ""}${keys.map(({ pk, sk }) => `${pk} ${sk}`).join(", ")}`;
}

function sizeOf(value: object): string {
  const { Items, Item, UnprocessedItems } = value as { Items?: unknown[]; Item?: object; UnprocessedItems?: object };
  if (Items !== undefined) return `${Items.length} items`;
  if (UnprocessedItems !== undefined && Object.keys(UnprocessedItems).length > 0) return "a part";
  return Item === undefined ? "done" : "1 item";
}

import type { DocumentClient } from "../../server/store/dynamo/wire/document-client.ts";
import type { Key } from "../../server/store/keys.ts";
import { type Random, randomOf } from "../kit/random.ts";
import {
  type BatchedWrite,
  type CommandInput,
  get,
  keyOf,
  query,
  type ReadOptions,
  scan,
  write,
  writeBatched,
} from "./database.ts";
import type { Fault, Faults } from "./faults.ts";
import { type Call, createSdkClient } from "./sdk-client.ts";
import { connectionReset, refusalOf, serverError, TIMEOUT_MS, timedOut } from "./sdk-errors.ts";
import type { Table } from "./table.ts";
import type { Host } from "./task.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A DynamoDB and the network before it, with a client for each process that does as the real one does. */
export interface DynamoService {
  clientFor(host: Host & { readonly name: string }): DocumentClient;
}

export interface DynamoServiceOptions {
  readonly seed: number;
  readonly time: VirtualTime;
  readonly table: Table;
  readonly faults: Faults;
  readonly trace: Trace;
  /** Eventually consistent reads see what was there up to so long ago. */
  readonly lagMs: number;
  readonly pageItems: number;
}

const MAX_BATCHED_WRITES = 25;
const MAX_BATCHED_GETS = 100;

export function createDynamoService(options: DynamoServiceOptions): DynamoService {
  const { seed, time, table, faults, trace, lagMs, pageItems } = options;

  function readOptions({ ConsistentRead }: CommandInput, random: Random): ReadOptions {
    const lag = random.chance(0.5) ? random.between(0, lagMs) : 0;
    return { asOfMs: ConsistentRead ? undefined : time.now() - lag, pageItems };
  }

  function execute({ command, input }: Call, random: Random): object {
    if (command === "Query") return query(table, input, readOptions(input, random));
    if (command === "Scan") return scan(table, input, readOptions(input, random));
    if (command === "Get") return get(table, input, readOptions(input, random));
    if (command === "Put" || command === "Delete" || command === "Update") return write(table, command, input);
    throw new Error(`the simulated DynamoDB knows no ${command}`);
  }

  /** One attempt: a promise that is settled as the client would see it, or never, when its task is over. */
  function attempt(call: Call): Promise<object> {
    const { task, host, label, command } = call;
    const random = randomOf(`${seed}/${label}`);
    const latency = (): number => (random.chance(0.05) ? random.between(10, 200) : random.between(0.5, 6));
    const [upMs, downMs, landsAfterDeath] = [latency(), latency(), random.chance(0.5)];
    const hostName = (host as { name?: string }).name ?? "";
    const fault = faults.decide({ label, host: hostName, command, atMs: time.now() });
    trace.request(call, fault);
    if (fault?.kind === "stall") host.stall(time.now() + fault.ms);
    const sentMs = Math.max(time.now(), host.stalledUntilMs);
    const arrivesMs = sentMs + upMs + (fault?.kind === "delayed" ? fault.ms : 0);
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const settle = (atMs: number, how: () => void) =>
        time.resume(task, atMs, () => {
          if (!isSettled) how();
          isSettled = true;
        });
      const answer = (outcome: Outcome) => {
        trace.answer(call, outcome);
        if (isSilent(fault)) return loseAnswer();
        settle(time.now() + downMs, () => ("value" in outcome ? resolve(outcome.value) : reject(outcome.error)));
      };
      /** Now and then the connection breaks; else nothing is heard. */
      const loseAnswer = () => {
        if ((fault?.share ?? 0) < 0.3) settle(time.now() + downMs, () => reject(connectionReset()));
      };
      settle(sentMs + TIMEOUT_MS, () => reject(timedOut()));
      if (fault?.kind === "crash-before") return host.crash();
      // What a process had not sent yet when it died is never sent.
      let isSent = true;
      if (sentMs > time.now())
        host.onDeath(() => {
          isSent = time.now() >= sentMs;
        });
      const lands = () => isSent && (!host.isDead || landsAfterDeath);
      const refusal = refusalOf(fault);
      if (refusal !== undefined) time.at(arrivesMs, () => void (lands() && answer({ error: refusal })));
      else if (fault?.kind === "lost-before") time.at(arrivesMs, () => void loseAnswer());
      else {
        arrive(call, arrivesMs, { fault, random, lands, answer });
        if (fault?.kind === "doubled") {
          const again = randomOf(`${seed}/${label}/again`);
          arrive(call, arrivesMs + fault.ms, { fault: undefined, random: again, lands, answer: () => {} });
        }
      }
      if (fault?.kind === "crash-after") host.crash();
      if (fault?.kind === "cut") task.root.cut = true;
      return undefined;
    });
  }

  interface Arrival {
    readonly fault: Fault | undefined;
    readonly random: Random;
    readonly lands: () => boolean;
    readonly answer: (outcome: Outcome) => void;
  }

  function arrive(call: Call, atMs: number, arrival: Arrival): void {
    if (call.command === "BatchWrite") arriveWrites(call, atMs, arrival);
    else if (call.command === "BatchGet") arriveGets(call, atMs, arrival);
    else {
      time.at(atMs, () => {
        if (!arrival.lands()) return undefined;
        arrival.answer(outcomeOf(() => answerOrFail(call, arrival)));
        return undefined;
      });
    }
  }

  /** An answer of 500 to what was done, or not. */
  function answerOrFail(call: Call, { fault, random }: Arrival): object {
    if (fault?.kind === "failed" && fault.share < 0.5) throw serverError();
    const value = execute(call, random);
    if (fault?.kind === "failed") throw serverError();
    return value;
  }

  /** The parts of a batch are written one after the other, and others see them so. */
  function arriveWrites({ input }: Call, atMs: number, { fault, random, lands, answer }: Arrival): void {
    const writes = entriesOf(input) as [string, BatchedWrite][];
    checkBatch(
      writes.map(([, each]) => keyOf({ ...each.PutRequest, ...each.DeleteRequest })),
      MAX_BATCHED_WRITES,
    );
    const isTorn = fault?.kind === "torn" || fault?.kind === "failed";
    const left = writes.filter(() => (isTorn || fault?.kind === "unprocessed") && random.next() < fault.share);
    const spreadMs = random.chance(0.2) ? random.between(5, 300) : random.between(0, 2);
    let lastMs = atMs;
    for (const entry of writes) {
      const writtenMs = atMs + random.between(0, spreadMs);
      if (left.includes(entry)) continue;
      lastMs = Math.max(lastMs, writtenMs);
      time.at(writtenMs, () => void (lands() && writeBatched(table, entry[1])));
    }
    const UnprocessedItems = grouped(fault?.kind === "unprocessed" ? left : []);
    time.at(lastMs, () => {
      if (lands()) answer(fault?.kind === "failed" ? { error: serverError() } : { value: { UnprocessedItems } });
      return undefined;
    });
  }

  function arriveGets({ input }: Call, atMs: number, { fault, random, lands, answer }: Arrival): void {
    time.at(atMs, () => {
      if (!lands()) return undefined;
      const Responses: Record<string, object[]> = {};
      const UnprocessedKeys: Record<string, object> = {};
      for (const [name, request] of Object.entries(input.RequestItems ?? {})) {
        const { Keys, ...how } = request as CommandInput & { Keys: Key[] };
        checkBatch(Keys, MAX_BATCHED_GETS);
        const left = Keys.filter(() => fault?.kind === "unprocessed" && random.next() < fault.share);
        if (left.length > 0) UnprocessedKeys[name] = { ...how, Keys: left };
        Responses[name] = Keys.filter((key) => !left.includes(key)).flatMap((Key) => {
          const { Item } = get(table, { ...how, Key }, readOptions(how, random)) as { Item?: object };
          return Item === undefined ? [] : [Item];
        });
      }
      answer(fault?.kind === "failed" ? { error: serverError() } : { value: { Responses, UnprocessedKeys } });
      return undefined;
    });
  }

  return {
    clientFor: (host) => createSdkClient({ host, time, attempt }),
  };
}

export type Outcome = { readonly value: object } | { readonly error: unknown };

function outcomeOf(make: () => object): Outcome {
  try {
    return { value: make() };
  } catch (error) {
    return { error };
  }
}

const isSilent = (fault: Fault | undefined): boolean => fault?.kind === "lost-after" || fault?.kind === "torn";

const entriesOf = ({ RequestItems }: CommandInput): [string, unknown][] =>
  Object.entries(RequestItems ?? {}).flatMap(([table, list]) =>
    (list as unknown[]).map((each) => [table, each] as [string, unknown]),
  );

function grouped(entries: readonly [string, BatchedWrite][]): Record<string, BatchedWrite[]> {
  const tables: Record<string, BatchedWrite[]> = {};
  for (const [table, each] of entries) tables[table] = [...(tables[table] ?? []), each];
  return tables;
}

/** What DynamoDB refuses outright. */
function checkBatch(keys: readonly Key[], limit: number): void {
  if (keys.length > limit || keys.length === 0)
    throw new Error(`a batch of ${keys.length}, at most ${limit} are taken`);
  if (new Set(keys.map(({ pk, sk }) => `${pk} ${sk}`)).size < keys.length) throw new Error("a batch names a key twice");
}

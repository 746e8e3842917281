import {
  InternalServerError,
  ProvisionedThroughputExceededException,
  ThrottlingException,
} from "@aws-sdk/client-dynamodb";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { Key } from "../../server/store/keys.ts";
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
import { type Random, randomOf } from "./random.ts";
import type { Table } from "./table.ts";
import { currentTask, type Host, isOver, type Task } from "./task.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A DynamoDB and the network before it, with a client for each process that does as the SDK does. */
export interface DynamoService {
  clientFor(host: Host & { readonly name: string }): DynamoDBDocumentClient;
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

/** As `dynamo-client.ts` has it. */
const MAX_ATTEMPTS = 4;
const TIMEOUT_MS = 3000;
/** The SDK's standard retry: the base doubles with every attempt, with full jitter. */
const RETRY_BASE_MS = 100;
const THROTTLED_BASE_MS = 500;

const MAX_BATCHED_WRITES = 25;
const MAX_BATCHED_GETS = 100;

interface Call {
  readonly task: Task;
  readonly host: Host;
  readonly label: string;
  readonly command: string;
  readonly input: CommandInput;
}

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

  /** One attempt: a promise that is settled as the SDK would see it, or never, when its task is over. */
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
      const settle = (atMs: number, how: () => void) => time.resume(task, atMs, how);
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

  async function send(host: Host, request: object): Promise<object> {
    const task = currentTask();
    const command = request.constructor.name.replace(/Command$/, "");
    const input = (request as { input: CommandInput }).input;
    const number = task.nextRequest();
    for (let attempts = 1; ; attempts++) {
      // What dies in the middle of a step does not take the next one.
      if (isOver(task)) return new Promise(() => {});
      const call = { task, host, label: `${task.name}/${number}.${attempts}`, command, input };
      try {
        return { ...(await attempt(call)), $metadata: { attempts } };
      } catch (error) {
        if (!isRetryable(error) || attempts === MAX_ATTEMPTS) throw withAttempts(error, attempts);
        const baseMs = isThrottle(error) ? THROTTLED_BASE_MS : RETRY_BASE_MS;
        const waitMs = task.random.next() * baseMs * 2 ** attempts;
        await new Promise<void>((resolve) => time.resume(task, time.now() + waitMs, resolve));
      }
    }
  }

  return {
    clientFor: (host) =>
      ({ send: (request: object) => send(host, request), destroy: () => {} }) as unknown as DynamoDBDocumentClient,
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

function refusalOf(fault: Fault | undefined): Error | undefined {
  const $metadata = { httpStatusCode: 400 };
  const message = "Throughput exceeds the current capacity";
  if (fault?.kind === "throttled") return new ThrottlingException({ message, $metadata });
  if (fault?.kind !== "hot") return undefined;
  const ThrottlingReasons = [{ reason: "TableWriteKeyRangeThroughputExceeded", resource: "simulated" }];
  return new ProvisionedThroughputExceededException({ message, $metadata, ThrottlingReasons });
}

const serverError = (): Error =>
  new InternalServerError({ message: "Internal server error", $metadata: { httpStatusCode: 500 } });

const timedOut = (): Error => Object.assign(new Error(`no answer in ${TIMEOUT_MS} ms`), { name: "TimeoutError" });
const connectionReset = (): Error => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

const isThrottle = (error: unknown): boolean =>
  error instanceof ThrottlingException || error instanceof ProvisionedThroughputExceededException;

const isRetryable = (error: unknown): boolean =>
  isThrottle(error) ||
  error instanceof InternalServerError ||
  (error as Error).name === "TimeoutError" ||
  (error as { code?: string }).code === "ECONNRESET";

function withAttempts(error: unknown, attempts: number): unknown {
  const { $metadata = {} } = error as { $metadata?: object };
  // A fault of the simulation itself is none of the service's.
  const isService = isRetryable(error) || "$fault" in (error as object);
  return isService ? Object.assign(error as object, { $metadata: { ...$metadata, attempts } }) : error;
}

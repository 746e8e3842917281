import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Key } from "../../../server/store/keys.ts";
import { type CutBatch, cutBatch, parseCommand, type StoreCommand, type Wire } from "./store-command.ts";

/** What may befall a request on its way to DynamoDB and back. */
export type Fault =
  /** Refused; `isHotKey`: because its one partition takes no more. */
  | { readonly kind: "throttled"; readonly isHotKey?: boolean }
  /** The connection breaks, before the store has the request, or when it has done it. */
  | { readonly kind: "lost-before" | "lost-after" }
  /** Takes so much longer on its way to the store. It arrives also when whoever sent it has given up. */
  | { readonly kind: "delayed"; readonly ms: number }
  /** These items of a batch come back undone. If they are all of it, or it is no batch, it is throttled as a whole. */
  | { readonly kind: "unprocessed"; readonly isLeft: (key: Key, index: number) => boolean };

/** Decides about a request; undefined lets it pass. */
export type FaultRule = (command: StoreCommand) => Fault | undefined;

/** Stands between one process and a DynamoDB, on the loopback interface. */
export interface FaultProxy {
  readonly endpoint: string;
  readonly faults: {
    /** From the next request on this rule decides. */
    next(rule: FaultRule): void;
    /** From the next request on everything passes. */
    end(): void;
  };
  /** Requests so far, by what befell them. */
  readonly counts: Readonly<Record<Fault["kind"] | "passed", number>>;
  close(): Promise<void>;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });
  const counts = { passed: 0, throttled: 0, "lost-before": 0, "lost-after": 0, delayed: 0, unprocessed: 0 };
  let rule: FaultRule | undefined;
  const send = (asked: Asked, body: Buffer) => forward(target, agent, asked, body);

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await readAsked(incoming);
    if (rule === undefined) {
      counts.passed++;
      return answer(response, await send(asked, asked.body));
    }
    const command = parseCommand(asked.headers["x-amz-target"] as string | undefined, asked.body);
    const fault = rule(command);
    counts[fault?.kind ?? "passed"]++;
    switch (fault?.kind) {
      case "throttled":
        return answer(response, throttle(fault.isHotKey));
      case "lost-before":
        return void incoming.socket.destroy();
      case "lost-after":
        await send(asked, asked.body);
        return void incoming.socket.destroy();
      case "unprocessed": {
        if (!command.keys.some(fault.isLeft)) break;
        const cut = cutBatch(command, fault.isLeft);
        if (cut === undefined) return answer(response, throttle());
        return answer(response, withLeft(await send(asked, toBody(cut.sent)), cut));
      }
      case "delayed":
        await sleep(fault.ms);
    }
    answer(response, await send(asked, asked.body));
  }

  const server = createServer((incoming, response) => {
    // Whoever asks may be killed half way, and so may the store.
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: {
      next(next) {
        rule = next;
      },
      end() {
        rule = undefined;
      },
    },
    counts,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function readAsked(incoming: IncomingMessage): Promise<Asked> {
  const { method = "GET", headers } = incoming;
  return { method, headers, body: await readBody(incoming) };
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function forward(target: string, agent: Agent, { method, headers }: Asked, body: Buffer): Promise<Answered> {
  const { connection: _, "transfer-encoding": __, ...kept } = headers;
  return new Promise((resolve, reject) => {
    const options = { agent, method, headers: { ...kept, "content-length": String(body.length) } };
    const outgoing = request(target, options, (message) => {
      const { statusCode: status = 0 } = message;
      readBody(message).then((whole) => resolve({ status, headers: message.headers, body: whole }), reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function answer(response: ServerResponse, { status, headers, body }: Answered): void {
  const { connection: _, "transfer-encoding": __, ...kept } = headers;
  response.writeHead(status, { ...kept, "content-length": body.length });
  response.end(body);
}

const JSON_TYPE = { "content-type": "application/x-amz-json-1.0" };

const toBody = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** As DynamoDB refuses what a table or, with a reason, one of its partitions does not take. */
function throttle(isHotKey = false): Answered {
  const reasons = [{ reason: "TableWriteKeyRangeThroughputExceeded", resource: "arn:aws:dynamodb:local:0:table/any" }];
  const body = {
    __type: "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    message: "Throughput exceeds the current capacity",
    ...(isHotKey ? { ThrottlingReasons: reasons } : {}),
  };
  return { status: 400, headers: JSON_TYPE, body: toBody(body) };
}

/** The answer to a part of a batch as the answer to all of it; its checksum is no longer right. */
function withLeft(answered: Answered, { left, leftAs }: CutBatch): Answered {
  if (answered.status !== 200) return answered;
  const whole = { ...(JSON.parse(answered.body.toString()) as Wire), [leftAs]: left };
  return { status: 200, headers: JSON_TYPE, body: toBody(whole) };
}

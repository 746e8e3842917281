import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface LoadOptions {
  /** `http://host:port` of a server on this machine. */
  readonly url: string;
  /** Requests in the order in which they are sent, over and over. */
  readonly requests: readonly LoadRequest[];
  /** Connections kept alive, each with one request under way. */
  readonly connections: number;
  /** No request begins later than this after the first. */
  readonly durationMs: number;
  /** Nor more than so many. */
  readonly maxRequests?: number;
  /** How long each connection rests on average between an answer and its next request; not at all by default. */
  readonly pauseMs?: number;
}

export interface LoadRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** From sending the request to the last byte of its answer. */
  readonly latenciesMs: Float64Array;
  readonly statuses: ReadonlyMap<number, number>;
  readonly bodyBytes: number;
}

/**
 * Sends requests as fast as answers come, over plain sockets: a client that costs as much as the server it measures would
 * measure itself. Takes answers with a Content-Length or without a body, which is all that tiles have.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { url, connections, durationMs, maxRequests = Number.POSITIVE_INFINITY, pauseMs = 0 } = options;
  const { host, hostname, port } = new URL(url);
  const heads = options.requests.map(({ path, headers = {} }) => renderHead(host, path, headers));
  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  let begun = 0;
  let bodyBytes = 0;
  const startMs = performance.now();

  /** The next request, or undefined when time is up. */
  function next(): Buffer | undefined {
    if (begun >= maxRequests || performance.now() - startMs >= durationMs) return undefined;
    return heads[begun++ % heads.length];
  }

  async function drive(): Promise<void> {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const answers = readAnswers(socket);
    for (let head = next(); head !== undefined; head = next()) {
      const sentMs = performance.now();
      socket.write(head);
      const { status, length } = await answers.next();
      latencies.push(performance.now() - sentMs);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      bodyBytes += length;
      if (pauseMs > 0) await sleep(pauseMs * 2 * Math.random());
    }
    socket.destroy();
  }

  const stayAwake = pauseMs > 0 ? undefined : spin();
  await Promise.all(Array.from({ length: connections }, drive));
  stayAwake?.stop();
  const seconds = (performance.now() - startMs) / 1000;
  return { requests: latencies.length, seconds, latenciesMs: Float64Array.from(latencies), statuses, bodyBytes };
}

/**
 * Keeps this process from sleeping between answers. Waking a sleeper is a part of the server's write, and the slower of two
 * servers finds it asleep more often: a small difference between them would grow.
 */
function spin(): { stop(): void } {
  let immediate: NodeJS.Immediate;
  const again = () => {
    immediate = setImmediate(again);
  };
  again();
  return { stop: () => clearImmediate(immediate) };
}

function renderHead(host: string, path: string, headers: Readonly<Record<string, string>>): Buffer {
  const fields = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${fields.join("")}\r\n`);
}

interface Answer {
  readonly status: number;
  readonly length: number;
}

/** Answers on a connection, one after the other; rejects when it breaks. */
function readAnswers(socket: Socket): { next(): Promise<Answer> } {
  let waiting: PromiseWithResolvers<Answer> | undefined;
  let held: Buffer = Buffer.alloc(0);
  /** Of the answer whose head has come. */
  let status = 0;
  let length = 0;
  let missing = 0;
  const fail = (error: Error) => waiting?.reject(error);
  socket.on("error", fail).on("close", () => fail(new Error("the server closed the connection")));
  socket.on("data", (chunk: Buffer) => {
    if (missing === 0) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const end = held.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = held.toString("latin1", 0, end);
      status = Number(head.slice(9, 12));
      length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (status === 304 || status === 204) length = 0;
      missing = length - (held.length - end - 4);
      held = Buffer.alloc(0);
    } else missing -= chunk.length;
    if (missing === 0) waiting?.resolve({ status, length });
  });
  return {
    next() {
      waiting = Promise.withResolvers<Answer>();
      return waiting.promise;
    },
  };
}

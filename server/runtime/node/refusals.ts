import type { Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { RequestError } from "@hono/node-server";
import { errorCode } from "../../console/operator-error.ts";
import { bareProblem } from "../../http/core/problem.ts";
import type { bareSlashRedirect } from "../../http/core/slash-redirect.ts";

/** Answers to requests that the app is not asked: no URL can be made of them, they are no HTTP, or they name a folder as a file. */

/** Why a request cannot be answered. */
export interface Fault {
  readonly status: number;
  readonly detail: string;
}

/** Ends a request with a problem. Its connection too: nobody knows what else is wrong. */
export function refuse(outgoing: ServerResponse, fault: Fault): void {
  const { status, headers, body } = bareProblem(fault);
  outgoing.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body), Connection: "close" });
  outgoing.end(body);
}

/** Ends a request with a redirect. */
export function redirect(outgoing: ServerResponse, { status, headers }: ReturnType<typeof bareSlashRedirect>): void {
  outgoing.writeHead(status, { ...headers, "Content-Length": 0 }).end();
}

/** For what the adapter between Node and the app throws. */
export function answerError(error: unknown): Response {
  const init =
    error instanceof RequestError
      ? { status: 400, detail: `The address is not valid: ${error.message}.` }
      : { status: 500, detail: "Something went wrong on our side." };
  const { status, headers, body } = bareProblem(init);
  return new Response(body, { status, headers });
}

/** As Node answers them by itself, without a body. */
const PARSE_ERRORS: Readonly<Record<string, { readonly status: number; readonly detail: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: "The request did not come in time." },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, detail: "The extensions of the body's chunks are too long." },
  HPE_HEADER_OVERFLOW: { status: 431, detail: "The headers are too long." },
};
const NO_HTTP = { status: 400, detail: "This is not an HTTP request that can be read." };

const NO_TUNNEL = { status: 405, detail: "This is no proxy.", headers: { Allow: "GET, HEAD, POST, OPTIONS" } };
const NOT_EXPECTED = { status: 417, detail: "Of what one can expect, this server knows 100-continue alone." };

type Connection = Duplex & { _httpMessage?: ServerResponse | null };

/** Answers what cannot be parsed, and what Node by itself would answer without a word, or not at all. */
export function refuseUnreadable(server: Server): void {
  const ended = new WeakSet<Connection>();
  server.on("clientError", (error: Error, socket: Connection) => {
    // What follows is as unreadable.
    if (ended.has(socket)) return;
    ended.add(socket);
    endBehindAnswers(socket, PARSE_ERRORS[errorCode(error) ?? ""] ?? NO_HTTP);
  });
  server.on("connect", (_, socket: Connection) => endBehindAnswers(socket, NO_TUNNEL));
  server.on("checkExpectation", (_, outgoing: ServerResponse) => refuse(outgoing, NOT_EXPECTED));
}

/**
 * Ends a connection with a problem, in its turn: a request before this one may not be answered yet, whose sender would take the
 * problem for its answer.
 */
function endBehindAnswers(socket: Connection, init: Parameters<typeof bareProblem>[0]): void {
  const { _httpMessage: before } = socket;
  // A stream may never end.
  if (!socket.writable || (before?.headersSent && !before.writableEnded)) return void socket.destroy();
  // Was answered without the rest of its body, which breaks off.
  if (before?.writableEnded && !before.req.complete) return void socket.end();
  // A request whose body breaks off waits for the rest in vain: the problem is its answer.
  if (before?.req.complete) return void before.once("finish", () => setImmediate(endBehindAnswers, socket, init));
  const { status, statusText, headers, body } = bareProblem(init);
  const fields = { ...headers, "Content-Length": Buffer.byteLength(body), Connection: "close" };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${statusText}\r\n${head.join("")}\r\n${body}`);
}

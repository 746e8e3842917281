import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { RequestError } from "@hono/node-server";
import { errorCode } from "../../console/operator-error.ts";
import { bareProblem } from "../../http/core/problem.ts";
import type { bareSlashRedirect } from "../../http/core/slash-redirect.ts";

/** Answers to requests that the app is not asked: no URL can be made of them, they are no HTTP, or they name a folder as a file. */

/** Ends a request with 400. Its connection too: nobody knows what else is wrong. */
export function refuse(outgoing: ServerResponse, detail: string): void {
  const { status, headers, body } = bareProblem({ status: 400, detail });
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

/** Answers what cannot be parsed. */
export function refuseUnreadable(server: Server): void {
  server.on("clientError", (error: Error, socket: Socket & { _httpMessage?: ServerResponse }) => {
    // An answer that has begun would have this one in its middle.
    if (!socket.writable || socket._httpMessage?.headersSent) return socket.destroy();
    const { status, statusText, headers, body } = bareProblem(PARSE_ERRORS[errorCode(error) ?? ""] ?? NO_HTTP);
    const fields = { ...headers, "Content-Length": Buffer.byteLength(body), Connection: "close" };
    const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${statusText}\r\n${head.join("")}\r\n${body}`);
  });
}

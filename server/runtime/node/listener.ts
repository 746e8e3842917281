import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { errorCode, OperatorError } from "../../console/operator-error.ts";
import { fromBarePrefix, ownPath } from "../own-path.ts";
import { answerError, redirect, refuse, refuseUnreadable } from "./refusals.ts";
import { requestFault, versionFault } from "./request-host.ts";
import { targetFault } from "./request-target.ts";
import { cutOffSlowReaders, type ReadingPace } from "./slow-readers.ts";

export interface Listener {
  readonly url: string;
  /** Takes no new requests and waits for those under way, but no longer than `graceMs`. */
  close(graceMs: number): Promise<void>;
}

type Fetch = Parameters<typeof getRequestListener>[0];

/** Answers a request by itself, or returns false and leaves it as it is. */
export type ShortWay = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

/** Longer than the idle time of the usual load balancers, so that it is never us who close a connection they reuse. */
const KEEP_ALIVE_MS = 65_000;
/** A report is small: who needs longer for one request is stalling. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A connection over which nothing moves for so long, not even a live stream's beat, is given up. */
const STALLED_MS = 120_000;
const IDLE_SWEEP_MS = 50;

/** Finds out before the slow work whether the address can be had. @returns the port; for 0, a free one. @throws OperatorError when it cannot. */
export async function assertPortFree(host: string, port: number): Promise<number> {
  const probe = createServer();
  await listen(probe, host, port);
  const { port: found } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return found;
}

/**
 * Serves HTTP: what `shortWay` leaves, `fetch` answers. @throws OperatorError when the address cannot be listened on.
 * @param prefix is taken off the paths that still have it
 * @param pace the least of who reads answers
 */
export async function openListener(
  host: string,
  port: number,
  fetch: Fetch,
  shortWay?: ShortWay,
  prefix?: string,
  pace?: ReadingPace,
): Promise<Listener> {
  const listener = getRequestListener(fetch, { errorHandler: answerError });
  // Node's own refusal of a request without a Host has no body, and no page may read it.
  const options = { requestTimeout: REQUEST_TIMEOUT_MS, optimizeEmptyRequests: true, requireHostHeader: false };
  const server = createServer(options, (incoming, outgoing) => {
    const { socket } = incoming;
    const unreadable = versionFault(incoming) ?? targetFault(incoming);
    if (unreadable !== undefined) return refuse(outgoing, unreadable);
    if (prefix !== undefined) {
      const { url = "/", method } = incoming;
      const path = ownPath(url, prefix) ?? fromBarePrefix(url, prefix, method);
      if (typeof path !== "string") return redirect(outgoing, path);
      incoming.url = path;
    }
    if (shortWay?.(incoming, outgoing)) {
      // What is in the kernel's hands is not ours to wait for, and a timer for each tile costs a tenth of it.
      if (socket.writableLength > 0) socket.setTimeout(STALLED_MS);
      return;
    }
    socket.setTimeout(STALLED_MS);
    const fault = requestFault(incoming);
    if (fault === undefined) void listener(incoming, outgoing);
    else refuse(outgoing, fault);
  });
  refuseUnreadable(server);
  cutOffSlowReaders(server, pace);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await listen(server, host, port);
  return { url: urlOf(host, (server.address() as AddressInfo).port), close: (graceMs) => drain(server, graceMs) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
}

function explain(error: Error, host: string, port: number): Error {
  switch (errorCode(error)) {
    case "EADDRINUSE":
      return new OperatorError(
        `Port ${port} is in use: stop what listens there, or choose another port, such as PORT=${port < 65_535 ? port + 1 : 8787} npm start.`,
      );
    case "EACCES":
      return new OperatorError(`Port ${port} is not open to this user: choose a PORT from 1024 on.`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new OperatorError(
        `HOST ${host} is no address of this machine: use 127.0.0.1, or 0.0.0.0 for every interface.`,
      );
    default:
      return error;
  }
}

/** An address that a browser on this machine can open. */
function urlOf(host: string, port: number): string {
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function drain(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
    // Kept-alive connections fall idle one by one as their last answer is sent.
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
  });
}

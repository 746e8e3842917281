import type { IncomingMessage } from "node:http";
import type { Fault } from "./refusals.ts";

/**
 * The Host of a request, which nobody but the addresses in an answer needs. Who speaks HTTP/1.0 need not send one, as HAProxy and
 * others do not when they ask whether a server lives (RFC 9112, section 3.2).
 */

const HOST = "host";

/** A name or an address, and perhaps a port. A URL takes more, and means something else by it: `a@b` is host b. */
const SHAPE = /^(?:[\w.~!$&'()*+,;=%-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

let lastGood = "";

/** Whether a Host header can be a URL's host. Requests mostly name the same one. */
export function isHost(text: string): boolean {
  if (text === lastGood) return true;
  if (!SHAPE.test(text) || !URL.canParse(`http://${text}/`)) return false;
  lastGood = text;
  return true;
}

/** Whether a header of this name is the Host. */
export const isHostName = (name: string): boolean => name.length === HOST.length && name.toLowerCase() === HOST;

const UNKNOWN_VERSION = { status: 505, detail: "This server speaks HTTP/1.1, and HTTP/1.0." };
const UNKNOWN_CODING = { status: 501, detail: "Of transfer codings this server knows chunked alone." };
const CODED_1_0 = "HTTP/1.0 knows no Transfer-Encoding.";

/** Whether a request is of a version that Node reads like one of ours, and that is none. */
export const versionFault = ({ httpVersionMajor }: IncomingMessage): Fault | undefined =>
  httpVersionMajor === 1 ? undefined : UNKNOWN_VERSION;

/**
 * What is wrong with a request as HTTP, if anything. Gives one that names no host the address at which it came in: what is right here may
 * go to the app.
 */
export function requestFault(incoming: IncomingMessage): Fault | undefined {
  const { httpVersion, headers } = incoming;
  const coding = headers["transfer-encoding"]?.trim().toLowerCase();
  // Whoever stands before us may see another end of such a body.
  if (coding !== undefined && httpVersion === "1.0") return { status: 400, detail: CODED_1_0 };
  if (coding !== undefined && coding !== "chunked") return UNKNOWN_CODING;
  const detail = settleHost(incoming);
  return detail === undefined ? undefined : { status: 400, detail };
}

/**
 * Gives a request that names no host the address at which it came in.
 * @returns what is wrong with it, if anything
 */
function settleHost(incoming: IncomingMessage): string | undefined {
  const { rawHeaders, headers, httpVersion } = incoming;
  const named = rawHeaders.filter((name, i) => i % 2 === 0 && isHostName(name)).length;
  if (named > 1) return "The request names several hosts: send one Host header.";
  if (named === 0 && httpVersion !== "1.0") return `HTTP/${httpVersion} needs a Host header.`;
  const { host = "" } = headers;
  if (host === "") headers.host = addressOf(incoming);
  else if (!isHost(host)) return "The Host header is not a host name or an address, perhaps with a port.";
  return undefined;
}

function addressOf({ socket: { localAddress = "127.0.0.1", localPort = 80 } }: IncomingMessage): string {
  const address = localAddress.replace(/^::ffff:(?=[\d.]+$)/, "").replace(/%.*$/, "");
  return `${address.includes(":") ? `[${address}]` : address}:${localPort}`;
}

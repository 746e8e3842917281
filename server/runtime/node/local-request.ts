import { isLoopback } from "../../kit/network-address.ts";
import { isForwarded } from "../forwarded.ts";

/** Names under which a machine finds itself, with or without a port. */
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Whether a request comes from a program of this machine. Not what came through a proxy beside us, nor what a page of some site had its
 * browser ask here: that names its origin, or, where its name leads to this machine, a host that is none of ours.
 * A request of HTTP/1.0 may name none, which no browser sends.
 * @param peer address at the other end of the connection
 */
export function isLocalRequest(peer: string | undefined, header: (name: string) => string | undefined): boolean {
  return header("Origin") === undefined && isOnThisMachine(peer, header);
}

/** The same, also of a page that this machine's browser shows. What changes something still asks whose page it is. */
export function isOnThisMachine(peer: string | undefined, header: (name: string) => string | undefined): boolean {
  if (peer === undefined || !isLoopback(peer) || isForwarded(header)) return false;
  return LOCAL_HOST.test(header("Host") ?? "localhost");
}

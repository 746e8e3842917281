import {
  type Fault,
  type FrameEvent,
  type FrameState,
  type HostRequest,
  type ReadRequest,
  type RequestId,
  readRequest,
  VERSION,
} from "./messages.ts";

export interface HostChannel {
  /** Tells the host something. */
  tell(event: FrameEvent): void;
  /** Answers requests from now on, those that have been waiting first. */
  serve(follow: (request: HostRequest) => FrameState | Fault): void;
  /** Answers every request so from now on. */
  refuse(fault: Fault): void;
}

type Answer = { readonly type: "answer"; readonly state: FrameState } | ({ readonly type: "error" } & Fault);

/** Requests that may wait for the map, and words that may wait for the host. */
const MAX_WAITING = 32;

/**
 * The line between this frame and the page that holds it, and nobody else: messages from other windows are left alone, and
 * what is told goes to the parent at its own origin. Where the browser does not say which that is (a host without a
 * referrer), everything waits until the host has sent a message of its own.
 */
export function openHostChannel(): HostChannel {
  const host = window.parent === window ? undefined : window.parent;
  let origin = hostOrigin();
  let follow: ((request: HostRequest) => FrameState | Fault) | undefined;
  const requests: ReadRequest[] = [];
  const unsent: object[] = [];

  function send(message: FrameEvent | Answer, id?: RequestId): void {
    const whole = { stratum: VERSION, ...(id !== undefined && { id }), ...message };
    if (origin === undefined) {
      if (unsent.length < MAX_WAITING) unsent.push(whole);
      return;
    }
    // An opaque origin (a sandboxed frame, a file) cannot be named; what is told is public and goes to the parent alone.
    host?.postMessage(whole, origin === "null" ? "*" : origin);
  }

  function answer({ id, request, fault }: ReadRequest): void {
    const result = fault ?? (request && follow?.(request));
    if (result === undefined) return;
    send("code" in result ? { type: "error", ...result } : { type: "answer", state: result }, id);
  }

  function serve(next: (request: HostRequest) => FrameState | Fault): void {
    follow = next;
    for (const request of requests.splice(0)) answer(request);
  }

  addEventListener("message", ({ source, data, origin: from }) => {
    if (host === undefined || source !== host) return;
    const read = readRequest(data);
    if (read === undefined) return;
    origin = from;
    for (const message of unsent.splice(0)) host.postMessage(message, origin === "null" ? "*" : origin);
    if (follow !== undefined || read.fault !== undefined) answer(read);
    else if (requests.length < MAX_WAITING) requests.push(read);
    else answer({ ...read, fault: { code: "busy", message: `more than ${MAX_WAITING} requests wait for the map` } });
  });

  return { tell: (event) => send(event), serve, refuse: (fault) => serve(() => fault) };
}

/** The parent's origin, as far as the browser tells. */
function hostOrigin(): string | undefined {
  const [parent] = location.ancestorOrigins ?? [];
  if (parent !== undefined) return parent;
  return document.referrer === "" ? undefined : new URL(document.referrer).origin;
}

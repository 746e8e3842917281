import { createSlots, type SlotHolder, type SlotLimits, type SlotRefusal } from "../kit/slots.ts";
import { eventStream } from "./event-stream.ts";
import type { LiveHub, LiveInterest } from "./hub.ts";

/** What a client of `/api/live` asks for. */
export interface LiveRequest {
  readonly interest: LiveInterest;
  readonly lastEventId?: string;
  /** Who asks; all whose address is not known are one client. */
  readonly holder: SlotHolder;
}

export type LiveStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Opens live streams, wherever their hub is. */
export interface LiveStreams {
  /** Server-sent events, or why there are none. @throws StoreUnavailableError */
  open(request: LiveRequest): Promise<LiveStream | SlotRefusal>;
}

/** Streams of a hub in this process, as many as each client may have. */
export function streamsOfHub(hub: LiveHub, limits: SlotLimits): LiveStreams {
  const slots = createSlots(limits);
  return {
    async open({ interest, lastEventId, holder }) {
      const release = slots.take(holder);
      if (typeof release === "string") {
        hub.noteRefused();
        return release;
      }
      const subscription = hub.subscribe(interest, lastEventId, release);
      if (subscription !== undefined) return eventStream(subscription);
      release();
      return "full";
    },
  };
}

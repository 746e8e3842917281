import { eventStream } from "./event-stream.ts";
import type { LiveHub, LiveInterest } from "./hub.ts";

/** What a client of `/api/live` asks for. */
export interface LiveRequest {
  readonly interest: LiveInterest;
  readonly lastEventId?: string;
  /** Its network address, when it is known. */
  readonly client?: string;
}

/** Opens live streams, wherever their hub is. */
export interface LiveStreams {
  /** Server-sent events; undefined when as many streams are open as may be. @throws StoreUnavailableError */
  open(request: LiveRequest): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined>;
}

/** Streams of a hub in this process. */
export function streamsOfHub(hub: LiveHub): LiveStreams {
  return {
    async open({ interest, lastEventId }) {
      const subscription = hub.subscribe(interest, lastEventId);
      return subscription && eventStream(subscription);
    },
  };
}

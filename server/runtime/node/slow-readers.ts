import type { Server } from "node:http";
import type { Socket } from "node:net";

/** The least pace at which answers are read. */
export interface ReadingPace {
  readonly bytesPerSecond: number;
  /** Beyond what the bytes give: a phone loses its network for a while. */
  readonly graceMs: number;
  readonly lookEveryMs: number;
}

/** Half of what a phone has on the edge of 2G: a page with its map comes in ten minutes. */
export const READING_PACE: ReadingPace = { bytesPerSecond: 4_096, graceMs: 20_000, lookEveryMs: 5_000 };

/** What waited for a client at some time, and until when it is to be gone. */
interface Owed {
  readonly takenBytes: number;
  readonly untilMs: number;
}

/**
 * Closes connections whose clients read too slowly what they asked for: it waits in this process, with all that makes it. The system's own
 * buffers hide whoever asks for little. Node's time-out of a socket only sees who reads nothing at all.
 */
export function cutOffSlowReaders(
  server: Server,
  { bytesPerSecond, graceMs, lookEveryMs }: ReadingPace = READING_PACE,
): void {
  const sockets = new Map<Socket, Owed | undefined>();

  function look(): void {
    const nowMs = performance.now();
    for (const [socket, owed] of sockets) {
      const waiting = socket.writableLength;
      const taken = socket.bytesWritten - waiting;
      if (waiting === 0) sockets.set(socket, undefined);
      else if (owed === undefined || taken >= owed.takenBytes) {
        const untilMs = nowMs + graceMs + (waiting / bytesPerSecond) * 1000;
        sockets.set(socket, { takenBytes: taken + waiting, untilMs });
      } else if (nowMs > owed.untilMs) socket.destroy();
    }
  }

  server.on("connection", (socket: Socket) => {
    sockets.set(socket, undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  const looking = setInterval(look, lookEveryMs).unref();
  server.once("close", () => clearInterval(looking));
}

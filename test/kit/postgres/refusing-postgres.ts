import { createServer, type Socket } from "node:net";

/** What stands where a PostgreSQL should be and lets nobody in. */
export interface RefusingPostgres {
  readonly url: string;
  /** From now on it refuses with this SQLSTATE and message. */
  refuse(code: string, message: string): void;
  close(): Promise<void>;
}

export const WRONG_PASSWORD = ["28P01", 'password authentication failed for user "mallory"'] as const;

/** Answers each connection's first message with an ErrorResponse, after `delayMs`. */
export async function startRefusingPostgres(delayMs = 0): Promise<RefusingPostgres> {
  let refusal: Buffer = errorResponse(...WRONG_PASSWORD);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.once("data", () => setTimeout(() => socket.end(refusal), delayMs));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  return {
    url: `postgres://mallory:secret@127.0.0.1:${port}/stratum`,
    refuse(code, message) {
      refusal = errorResponse(code, message);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The message `E` of PostgreSQL's protocol: fields of a letter and a text, each ended by zero. */
function errorResponse(code: string, message: string): Buffer {
  const fields = `SFATAL\0VFATAL\0C${code}\0M${message}\0\0`;
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(4 + Buffer.byteLength(fields), 1);
  return Buffer.concat([head, Buffer.from(fields)]);
}

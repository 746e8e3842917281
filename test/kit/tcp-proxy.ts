import { connect, createServer, type Socket } from "node:net";

/** What stands between us and a database does this to every byte: passes it on, late, not at all, or hangs up. */
export type ProxyMode = "pass" | "slow" | "refuse" | "swallow";

export interface TcpProxy {
  readonly port: number;
  /** From now on; what was connected before is cut off. */
  set(mode: ProxyMode): void;
  close(): Promise<void>;
}

/** Passes bytes on to a port of this machine, as it is told; while it is slow, each piece to the database waits for `slowMs`. */
export async function startTcpProxy(target: number, { slowMs = 0 } = {}): Promise<TcpProxy> {
  let mode: ProxyMode = "pass";
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on("error", () => {}).on("close", () => sockets.delete(client));
    if (mode === "refuse") return client.destroy();
    if (mode === "swallow") return client.resume();
    const upstream = connect(target, "127.0.0.1");
    sockets.add(upstream);
    upstream
      .on("error", () => client.destroy())
      .on("close", () => {
        sockets.delete(upstream);
        client.destroy();
      });
    client.on("close", () => upstream.destroy());
    client.on("data", (data) => setTimeout(() => upstream.write(data), mode === "slow" ? slowMs : 0));
    upstream.on("data", (data) => client.write(data));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : 0,
    set(next) {
      mode = next;
      cut();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { type Listener, openListener } from "../../../server/runtime/node/listener.ts";

let listener: Listener;
afterEach(() => listener.close(0));

/** More than any system keeps for a socket. */
const BODY = new Uint8Array(48 * 2 ** 20);
const fetchBody = async () => new Response(BODY);
const PACE = { bytesPerSecond: 1e9, graceMs: 200, lookEveryMs: 20 };

async function ask() {
  const { hostname, port } = new URL(listener.url);
  const socket = connect(Number(port), hostname).on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  await once(socket, "readable");
  return socket;
}

it("closes the connection of a client that does not read what it asked for", async () => {
  listener = await openListener("127.0.0.1", 0, fetchBody, undefined, undefined, PACE);
  const socket = await ask();
  let bytes = 0;
  const closed = new Promise<number>((resolve) => socket.once("close", () => resolve(bytes)));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  socket.on("data", (chunk) => {
    bytes += chunk.length;
  });
  expect(await closed).toBeLessThan(BODY.length);
});

it("leaves those alone that read, or that are asked for nothing", async () => {
  const pace = { ...PACE, bytesPerSecond: 4e6 };
  listener = await openListener("127.0.0.1", 0, fetchBody, undefined, undefined, pace);
  const idle = await ask();
  let bytes = 0;
  idle.on("data", (chunk) => {
    bytes += chunk.length;
  });
  await expect.poll(() => bytes).toBeGreaterThan(BODY.length);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(idle.closed).toBe(false);
  idle.destroy();
});

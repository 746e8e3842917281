import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { openListener } from "../../../server/runtime/node/listener.ts";

it("finishes requests under way when it closes, and takes no new ones", async () => {
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const listener = await openListener("127.0.0.1", 0, async () => {
    started.resolve();
    await release.promise;
    return new Response("done");
  });
  const answer = fetch(listener.url).then((response) => response.text());
  await started.promise;
  const closed = listener.close(5_000);
  await expect(fetch(listener.url)).rejects.toThrow();
  release.resolve();
  expect(await answer).toBe("done");
  await closed;
});

it("does not wait for connections that idle", async () => {
  const listener = await openListener("127.0.0.1", 0, () => new Response("done"));
  const { hostname, port } = new URL(listener.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  await listener.close(60_000);
  socket.destroy();
});

it("gives up on a request that outlasts the grace", async () => {
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  const listener = await openListener("127.0.0.1", 0, () => {
    isAsked();
    return sleep(60_000, new Response("late"), { ref: false });
  });
  const answer = fetch(listener.url).catch(() => "cut");
  await asked;
  await listener.close(100);
  expect(await answer).toBe("cut");
});

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { openFetchTransport } from "../../../../server/store/dynamo/wire/fetch-transport.ts";
import { openNodeTransport } from "../../../../server/store/dynamo/wire/node-transport.ts";
import type { OpenTransport } from "../../../../server/store/dynamo/wire/transport.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let stop: (() => Promise<void>) | undefined;
afterEach(() => stop?.());

/** A server that answers so, and a transport to it. */
async function openTo(openTransport: OpenTransport, answer: Answer, requestTimeoutMs = 5000) {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    sockets.add(request.socket);
    void text(request).then((body) => answer(request, response, body));
  });
  // It hangs up on nobody.
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const transport = openTransport({ endpoint, requestTimeoutMs });
  stop = async () => {
    transport.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  const post = (body = "{}") => transport.post({ host: endpoint.host, "x-amz-target": "T" }, body);
  return { post, transport, sockets };
}

describe.each([
  ["node:http", openNodeTransport],
  ["fetch", openFetchTransport],
])("%s", (_, openTransport) => {
  it("posts headers and a text, and brings back all of the answer", async () => {
    const long = "ü€🚲".repeat(200_000);
    const { post } = await openTo(openTransport, ({ method, headers }, response, body) => {
      const { "x-amz-target": target, "content-length": length, host } = headers;
      response.writeHead(418, { "x-amzn-requestid": "id" });
      response.write(Buffer.from(JSON.stringify({ method, target, length, body, isHost: host !== undefined })));
      response.end(Buffer.from(long));
    });
    const { status, body, header } = await post("häuser");
    expect(status).toBe(418);
    expect(body.endsWith(long)).toBe(true);
    expect(JSON.parse(body.slice(0, -long.length))).toEqual({
      method: "POST",
      target: "T",
      length: "7",
      body: "häuser",
      isHost: true,
    });
    expect([header("x-amzn-requestid"), header("age") ?? undefined]).toEqual(["id", undefined]);
  });

  it.each<[string, Answer]>([
    ["a connection that breaks before the answer", ({ socket }) => socket.destroy()],
    [
      "one that breaks in the middle of it",
      ({ socket }, response) => {
        response.writeHead(200, { "content-length": "100" });
        response.write('{"Item":', () => socket.destroy());
      },
    ],
  ])("rejects on %s", async (_case, answer) => {
    const { post } = await openTo(openTransport, answer);
    await expect(post()).rejects.toThrow(Error);
  });

  it.each<[string, Answer]>([
    ["begins", () => {}],
    ["ends", (_request, response) => void response.writeHead(200).write('{"Item":')],
  ])("gives up on an answer that never %s", async (_case, answer) => {
    const { post } = await openTo(openTransport, answer, 40);
    await expect(post()).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("rejects when nobody listens", async () => {
    const transport = openTransport({ endpoint: new URL("http://127.0.0.1:9"), requestTimeoutMs: 1000 });
    await expect(transport.post({}, "{}")).rejects.toThrow(Error);
  });
});

describe("node:http", () => {
  it("does not let a request wait for long that gets no connection", async () => {
    const gate = Promise.withResolvers<void>();
    const { post } = await openTo(
      openNodeTransport,
      (_request, response) => void gate.promise.then(() => response.end("{}")),
      60_000,
    );
    // As many as it has connections.
    const busy = Array.from({ length: 50 }, () => post());
    await expect(post()).rejects.toMatchObject({ name: "TimeoutError", message: "no connection within 1000 ms" });
    gate.resolve();
    expect((await Promise.all(busy)).every(({ status }) => status === 200)).toBe(true);
  });

  it("keeps connections", async () => {
    const { post, sockets } = await openTo(openNodeTransport, (_request, response) => response.end("{}"));
    for (let i = 0; i < 5; i++) expect((await post()).status).toBe(200);
    expect(sockets.size).toBe(1);
  });

  it("finishes what is under way when it is closed, and then keeps no connection", async () => {
    const gate = Promise.withResolvers<void>();
    const { post, transport, sockets } = await openTo(openNodeTransport, (_request, response, body) => {
      void (body === "slow" ? gate.promise : Promise.resolve()).then(() => response.end(body));
    });
    const slow = post("slow");
    await post("quick");
    transport.destroy();
    await expect.poll(() => [...sockets].filter((socket) => !socket.destroyed).length).toBe(1);
    gate.resolve();
    expect((await slow).body).toBe("slow");
    await expect.poll(() => [...sockets].every((socket) => socket.destroyed)).toBe(true);
  });
});

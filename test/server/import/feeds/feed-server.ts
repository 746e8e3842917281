import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FeedServer {
  readonly origin: string;
  /** What it was asked, in order. */
  readonly requests: readonly IncomingMessage[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** A Web server on this machine that answers as the test says. */
export async function startFeedServer(): Promise<FeedServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    feedServer.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const feedServer: FeedServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (_, response) => response.writeHead(404).end(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return feedServer;
}

/** Answers with a text and validators, or that it is the one that was asked about. */
export const answering =
  (text: string, etag: string): FeedServer["answer"] =>
  (request, response) => {
    if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag, "content-type": "text/csv; charset=utf-8" }).end(text);
  };

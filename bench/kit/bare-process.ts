import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Least that Node can do: a map from address to headers and bytes, which the parent sends first. */

export interface BareAnswer {
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly etag: string;
  readonly body: Uint8Array;
}

const answers = new Map<string, BareAnswer>();

const server = createServer((request, response) => {
  const answer = answers.get(request.url ?? "");
  if (answer === undefined) {
    response.writeHead(404).end();
  } else if (request.headers["if-none-match"] === answer.etag) {
    response.writeHead(304, answer.headers).end();
  } else {
    response.writeHead(200, answer.headers);
    response.end(answer.body);
  }
});

process.once("message", (sent: BareAnswer[]) => {
  for (const answer of sent) answers.set(answer.path, answer);
  server.listen(0, "127.0.0.1", () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
});
process.once("disconnect", () => process.exit());

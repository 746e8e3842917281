import { connect } from "node:net";

export interface BareAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/**
 * Sends these lines as a request's head and no others: `node:http` always names a host, and writes nothing malformed. The
 * connection is closed behind the answer, which must not be chunked.
 */
export async function requestBytes(url: string, lines: readonly string[]): Promise<BareAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write([...lines, "Connection: close", "", ""].join("\r\n"), "latin1");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const [head = "", ...body] = Buffer.concat(chunks).toString("latin1").split("\r\n\r\n");
  const [first = "", ...fields] = head.split("\r\n");
  const headers = new Headers(fields.map((field) => field.split(": ", 2) as [string, string]));
  return { status: Number(first.split(" ")[1]), headers, body: body.join("\r\n\r\n") };
}

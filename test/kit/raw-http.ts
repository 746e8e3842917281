import { connect } from "node:net";

export interface RawHttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const SILENT_MS = 20_000;

/**
 * Sends bytes as they are and reads answers until the server closes the connection.
 * @throws Error when what comes is no row of whole answers
 */
export async function exchange(url: string, bytes: string): Promise<RawHttpAnswer[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(SILENT_MS, () => socket.destroy(new Error("the server neither answers nor closes")));
  socket.write(bytes, "latin1");
  let text = "";
  try {
    for await (const chunk of socket) text += (chunk as Buffer).toString("latin1");
  } catch (error) {
    // A server that closes while we still send resets the connection, behind its answer.
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET" && (error as NodeJS.ErrnoException).code !== "EPIPE")
      throw error;
  }
  return parseAnswers(text);
}

function parseAnswers(text: string): RawHttpAnswer[] {
  const answers: RawHttpAnswer[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\r\n\r\n", at);
    const [first = "", ...fields] = text.slice(at, end).split("\r\n");
    const [, code] = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(first) ?? [];
    if (end === -1 || code === undefined)
      throw new Error(`no answer at ${at}: ${JSON.stringify(text.slice(at, at + 200))}`);
    const headers = new Headers(fields.map((field) => field.split(/: ?(.*)/, 2) as [string, string]));
    const status = Number(code);
    const hasBody = status >= 200 && status !== 204 && status !== 304;
    const isEmptyInChunks = headers.get("Transfer-Encoding") === "chunked" && text.startsWith("0\r\n\r\n", end + 4);
    const announced = Number(headers.get("Content-Length") ?? (isEmptyInChunks ? 5 : Number.NaN));
    const length = hasBody ? announced : 0;
    const body = text.slice(end + 4, end + 4 + length);
    if (body.length !== length) throw new Error(`${length} bytes were announced, not ${body.length}: ${first}`);
    answers.push({ status, headers, body });
    at = end + 4 + length;
  }
  return answers;
}

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface SmtpServer {
  /** What a mailer is configured with. */
  readonly url: string;
  /** Mails as they came, quoted-printable undone. */
  readonly mails: readonly string[];
  close(): Promise<void>;
}

/** An SMTP server that takes every mail and delivers none (RFC 5321, as far as a client of ours speaks it). */
export async function startSmtpServer(): Promise<SmtpServer> {
  const mails: string[] = [];
  const server = createServer((socket) => converse(socket, (mail) => mails.push(mail))).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    async close() {
      server.close();
      await once(server, "close");
    },
  };
}

function converse(socket: Socket, onMail: (mail: string) => void): void {
  let waiting = "";
  let mail: string[] | undefined;
  const say = (line: string) => socket.write(`${line}\r\n`);
  socket.on("error", () => {});
  say("220 test");
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (waiting + chunk).split("\r\n");
    waiting = lines.pop() ?? "";
    for (const line of lines) {
      if (mail !== undefined && line !== ".") mail.push(line);
      else if (mail !== undefined) {
        onMail(unquote(mail.join("\n")));
        mail = undefined;
        say("250 taken");
      } else if (line === "DATA") {
        mail = [];
        say("354 go on");
      } else if (line === "QUIT") {
        say("221 bye");
        socket.end();
      } else say("250 ok");
    }
  });
}

const unquote = (text: string): string =>
  text.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));

import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { errorCode, OperatorError } from "../console/operator-error.ts";

/** The rows that were not imported, as CSV: row number, reason, and the row as it stood in the file, byte for byte. */
export interface Rejects {
  add(rowNumber: number, reason: string, raw: Buffer): Promise<void>;
  /** Writes out what is held. @throws OperatorError when the file cannot be written. */
  close(): Promise<void>;
}

const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** The file appears with its first row; one of an earlier run goes at once. */
export async function openRejects(path: string): Promise<Rejects> {
  const failure = (error: unknown) =>
    new OperatorError(
      `Rejected rows cannot be written to ${path} (${errorCode(error)}): name another file with --rejects.`,
    );
  await rm(path, { force: true }).catch((error: unknown) => {
    throw failure(error);
  });
  let stream: WriteStream | undefined;
  let broken: unknown;

  function begin(): WriteStream {
    const opened = createWriteStream(path);
    opened.on("error", (error) => {
      broken = error;
    });
    opened.write("row,reason,original\n");
    return opened;
  }

  return {
    async add(rowNumber, reason, raw) {
      if (broken) throw failure(broken);
      stream ??= begin();
      // Latin 1 maps bytes to characters and back one to one, so the row survives whatever its encoding was.
      const original = Buffer.from(quote(raw.toString("latin1")), "latin1");
      const line = Buffer.concat([Buffer.from(`${rowNumber},${quote(reason)},`), original, Buffer.from("\n")]);
      if (!stream.write(line)) await Promise.race([once(stream, "drain"), once(stream, "close")]).catch(() => {});
    },
    async close() {
      if (stream === undefined) return;
      stream.end();
      await finished(stream).catch((error: unknown) => {
        throw failure(broken ?? error);
      });
    },
  };
}

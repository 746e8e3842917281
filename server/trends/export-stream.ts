import type { RowEncoder } from "./export-formats.ts";
import type { ExportRow } from "./export-rows.ts";

export interface ExportStreamOptions {
  readonly encoder: RowEncoder;
  /** An export of more rows ends as broken: a file that only looks whole is worse than none. */
  readonly maxRows: number;
  /** So does one that takes longer, because its reader has fallen asleep. */
  readonly maxMs: number;
  /** Called once, however it ends. */
  onEnd(error?: unknown): void;
}

/**
 * Streams pages of rows as a file. A page is read when the one before was taken, so memory holds one or two whatever the number of
 * rows. The first page is read before this resolves: what is wrong from the start can still be told with a status.
 */
export async function streamRows(
  pages: AsyncGenerator<readonly ExportRow[], void>,
  { encoder, maxRows, maxMs, onEnd }: ExportStreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  let next: Promise<IteratorResult<readonly ExportRow[], void>> | undefined = Promise.resolve(await pages.next());
  let rows = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const end = (error?: unknown) => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    void pages.return().catch(() => {});
    onEnd(error);
  };

  /** The next bytes, or undefined when the file is whole. A page may give none: then the next one is asked. */
  async function nextBytes(): Promise<{ bytes: Uint8Array; last: boolean }> {
    for (;;) {
      const page = await (next ?? pages.next());
      next = undefined;
      if (page.done === true) return { bytes: encoder.end(), last: true };
      rows += page.value.length;
      if (rows > maxRows) throw new RangeError(`an export of more than ${maxRows} rows`);
      const bytes = encoder.rows(page.value);
      if (bytes.length > 0) return { bytes, last: false };
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        timer = setTimeout(() => {
          const error = new Error(`an export of more than ${maxMs} ms`);
          controller.error(error);
          end(error);
        }, maxMs);
        const head = encoder.begin();
        if (head.length > 0) controller.enqueue(head);
      },
      async pull(controller) {
        try {
          const { bytes, last } = await nextBytes();
          if (ended) return;
          if (bytes.length > 0) controller.enqueue(bytes);
          if (!last) return;
          controller.close();
          end();
        } catch (error) {
          if (!ended) controller.error(error);
          end(error);
        }
      },
      cancel: () => end(),
    },
    { highWaterMark: 0 },
  );
}

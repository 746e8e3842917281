import type { RowEncoder } from "./export-formats.ts";
import type { ExportRow } from "./export-rows.ts";

export interface ExportStreamOptions {
  readonly encoder: RowEncoder;
  /** An export of more rows ends as broken: a file that only looks whole is worse than none. */
  readonly maxRows: number;
  /** So does one that takes longer, because its reader has fallen asleep. */
  readonly maxMs: number;
  /** So does one whose reader takes what it is given more slowly than this. */
  readonly pace: ReaderPace;
  /** Called once, however it ends. */
  onEnd(error?: unknown): void;
}

/** The least pace of a reader. */
export interface ReaderPace {
  readonly bytesPerSecond: number;
  /** Beyond what its bytes give a piece: readers pause. */
  readonly graceMs: number;
}

/**
 * Streams pages of rows as a file. A page is read when the one before was taken, so memory holds one or two whatever the number of
 * rows. The first page is read before this resolves: what is wrong from the start can still be told with a status.
 */
export async function streamRows(
  pages: AsyncGenerator<readonly ExportRow[], void>,
  { encoder, maxRows, maxMs, pace, onEnd }: ExportStreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  let next: Promise<IteratorResult<readonly ExportRow[], void>> | undefined = Promise.resolve(await pages.next());
  let rows = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reading: ReturnType<typeof setTimeout> | undefined;
  let ended = false;
  const end = (error?: unknown) => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    clearTimeout(reading);
    void pages.return().catch(() => {});
    onEnd(error);
  };

  /** Ends what is not taken within a time: pulling again says that all before is. */
  function endAfter(ms: number, controller: ReadableStreamDefaultController, why: string) {
    return setTimeout(() => {
      const error = new Error(why);
      controller.error(error);
      end(error);
    }, ms);
  }

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
        timer = endAfter(maxMs, controller, `an export of more than ${maxMs} ms`);
        reading = endAfter(pace.graceMs, controller, "an export that nobody begins to read");
        const head = encoder.begin();
        if (head.length > 0) controller.enqueue(head);
      },
      async pull(controller) {
        clearTimeout(reading);
        try {
          const { bytes, last } = await nextBytes();
          if (ended) return;
          if (bytes.length > 0) controller.enqueue(bytes);
          const ms = pace.graceMs + (bytes.length / pace.bytesPerSecond) * 1000;
          reading = endAfter(ms, controller, `an export whose reader took less than ${bytes.length} bytes in ${ms} ms`);
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

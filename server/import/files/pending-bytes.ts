/**
 * Chunks that wait until there are so many of them that joining them to what is held costs no more than they are long: else a
 * row that comes in small chunks would be copied once for each of them.
 */
export function createPendingBytes() {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;

  /** What is held and all that waits, as one. */
  function take(held: Buffer): Buffer {
    const all =
      held.length === 0 && waiting.length === 1 && waiting[0] ? waiting[0] : Buffer.concat([held, ...waiting]);
    waiting = [];
    waitingBytes = 0;
    return all;
  }

  return {
    take,
    /** The same with this chunk; nothing while it waits. */
    add(chunk: Buffer, held: Buffer): Buffer | undefined {
      waiting.push(chunk);
      waitingBytes += chunk.length;
      return waitingBytes * 2 < held.length ? undefined : take(held);
    },
  };
}

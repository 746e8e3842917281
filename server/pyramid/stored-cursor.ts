/** A cursor of the change feed before everything that is told. */
export const FEED_BEGINNING = "0";

/**
 * Reads from a cursor that somebody stored. One that the store does not take was stored by a program with other cursors: what it stood
 * for is not known, so everything is told again, as to a reader who knows nothing.
 */
export async function fromStoredCursor<T>(
  cursor: string | undefined,
  read: (cursor: string) => Promise<T>,
): Promise<T> {
  try {
    return await read(cursor ?? FEED_BEGINNING);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return read(FEED_BEGINNING);
  }
}

/**
 * Runs something that many ask for at the same time once: who comes while it is under way gets its outcome. What failed is run
 * again for whoever comes next. On Node only: in a Worker nobody may wait for another request's promise.
 */
export function singleFlight(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run().finally(() => {
      running = undefined;
    });
    return running;
  };
}

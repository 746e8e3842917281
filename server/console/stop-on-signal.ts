/** A stop that takes longer hangs; what was acknowledged is on disk either way. */
const STOP_LIMIT_MS = 12_000;
const SAME_SIGNAL_MS = 1_000;

/**
 * The first signal stops in order, a second one at once; but npm passes on the Ctrl-C that the terminal has already sent to
 * us, so what follows within a moment is the same one.
 */
export function stopOnSignal(server: { close(): Promise<void> }, say: (text: string) => void): void {
  let stoppingSinceMs: number | undefined;
  const stop = async () => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    stoppingSinceMs = performance.now();
    say("stopping");
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    await server.close();
    say("stopped");
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // A library's listener, such as miniflare's, would end the process before everything is closed.
    process.removeAllListeners(signal);
    process.on(signal, () => void stop());
  }
}

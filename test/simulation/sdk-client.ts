import type { DocumentClient, Operation } from "../../server/store/dynamo/wire/document-client.ts";
import { BASE_MS, MAX_ATTEMPTS, THROTTLED_BASE_MS } from "../../server/store/dynamo/wire/retries.ts";
import type { CommandInput } from "./database.ts";
import { isRetryable, isThrottle, withAttempts } from "./sdk-errors.ts";
import { currentTask, type Host, isOver, type Task } from "./task.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** One attempt of a command. */
export interface Call {
  readonly task: Task;
  readonly host: Host;
  /** No other attempt has it. */
  readonly label: string;
  /** Such as "Put". */
  readonly command: string;
  readonly input: CommandInput;
}

export interface SdkClientOptions {
  readonly host: Host;
  readonly time: VirtualTime;
  /** Sends it once. Rejects as the SDK's handler does, or never ends when its task is over. */
  readonly attempt: (call: Call) => Promise<object>;
}

/** The client of a process: it tries again as the real one does. */
export function createSdkClient({ host, time, attempt }: SdkClientOptions): DocumentClient {
  async function send(operation: Operation, input: object): Promise<object> {
    const task = currentTask();
    const command = operation.replace(/Item$/, "");
    const number = task.nextRequest();
    for (let attempts = 1; ; attempts++) {
      // What dies in the middle of a step does not take the next one.
      if (isOver(task)) return new Promise(() => {});
      const label = `${task.name}/${number}.${attempts}`;
      try {
        return {
          ...(await attempt({ task, host, label, command, input: input as CommandInput })),
          $metadata: { attempts },
        };
      } catch (error) {
        if (!isRetryable(error) || attempts === MAX_ATTEMPTS) throw withAttempts(error, attempts);
        const baseMs = isThrottle(error) ? THROTTLED_BASE_MS : BASE_MS;
        const waitMs = task.random.next() * baseMs * 2 ** (attempts - 1);
        await new Promise<void>((resolve) => time.resume(task, time.now() + waitMs, resolve));
      }
    }
  }
  return { send, destroy: () => {} } as unknown as DocumentClient;
}

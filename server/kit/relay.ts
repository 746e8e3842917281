/** Hands on what it is sent to whoever listens by then. For two parts that need each other: one is made with it, the other listens. */
export interface Relay<Message extends readonly unknown[]> {
  readonly send: (...message: Message) => void;
  listen(listener: (...message: Message) => void): void;
}

export function createRelay<Message extends readonly unknown[]>(): Relay<Message> {
  const listeners: ((...message: Message) => void)[] = [];
  return {
    send: (...message) => {
      for (const listener of listeners) listener(...message);
    },
    listen: (listener) => void listeners.push(listener),
  };
}

import { type Contestant, type Settings, startServerProcess } from "../kit/contestant.ts";
import type { CityFile } from "./local-city.ts";

/** The product on one kind of store, with a city in it. */
export interface Installation {
  readonly name: "embedded" | "emulator";
  readonly city: CityFile;
  /** Variables that choose the store. */
  readonly settings: Settings;
}

/** Runs something against a server of its own. */
export async function withServer<T>({ settings }: Installation, act: (server: Contestant) => Promise<T>): Promise<T> {
  const server = await startServerProcess({ LOG_LEVEL: "error", ...settings });
  try {
    return await act(server);
  } finally {
    await server.close();
  }
}

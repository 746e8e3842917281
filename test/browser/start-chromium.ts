import type { BrowserServer } from "playwright-core";
import type { TestProject } from "vitest/node";
import { launchChromiumServer } from "../kit/chromium.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the browser listens that all files share. */
    chromium: string;
  }
}

let server: BrowserServer | undefined;

export async function setup(project: TestProject): Promise<void> {
  server = await launchChromiumServer();
  project.provide("chromium", server.wsEndpoint());
}

export async function teardown(): Promise<void> {
  await server?.close();
}

import { expect, it } from "vitest";
import type { Site } from "./site.ts";

/** The API's reference page, `/docs`. */
export function referenceTests(site: Site): void {
  it("lists every operation of the OpenAPI document and asks one", async () => {
    const api = (await (await fetch(`${site.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const operations = Object.values(api.paths).flatMap(Object.keys);
    const page = await site.browser.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    await page.goto(`${site.url}/docs#get-api-cities`);
    await page.getByText("The cities known by name").waitFor();
    expect(await page.locator("details.operation").count()).toBe(operations.length);

    // The address opens what it names.
    await page.getByRole("button", { name: "Ask" }).click();
    await page.getByText('"san-francisco"').waitFor();

    await page.getByText("One report", { exact: true }).click();
    const form = page.locator("#get-api-reports-id- form");
    await form.getByLabel("id").fill("nonsense");
    await form.getByRole("button", { name: "Ask" }).click();
    await form.getByText("400 Bad Request").waitFor();

    await page.getByText("All API keys of an account").click();
    const usage = page.locator("#get-api-usage form");
    await usage.getByRole("button", { name: "Ask" }).click();
    await usage.getByText("This needs an API key").waitFor();
    await usage.getByLabel("API key").fill("stratum_none");
    await usage.getByRole("button", { name: "Ask" }).click();
    await usage.getByText("There is no such key").waitFor();
    expect(faults).toEqual([]);
    await page.close();
  });
}

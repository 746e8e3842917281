import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { fromRoot } from "../../console/root.ts";

/**
 * An empty database as initdb leaves it, packed. Making one takes several seconds of a processor and opening a copy under one, so
 * it is made once for each version of PGlite and kept beside the built client: by `npm run build`, or by whoever needs it first.
 */
export async function postgresImage(): Promise<Blob> {
  const path = await imagePath();
  const kept = await readFile(path).catch(() => undefined);
  if (kept !== undefined) return new Blob([kept]);
  const image = await makeImage();
  // Where nothing can be kept it is made at every start.
  await keep(path, image).catch(() => {});
  return image;
}

async function imagePath(): Promise<string> {
  const packageFile = new URL("../package.json", import.meta.resolve("@electric-sql/pglite"));
  const { version } = JSON.parse(await readFile(packageFile, "utf8")) as { version: string };
  return fromRoot(`dist/postgres/empty-${version}.tar.gz`);
}

async function makeImage(): Promise<Blob> {
  const db = await PGlite.create();
  try {
    await db.exec("CHECKPOINT");
    return await db.dumpDataDir("gzip");
  } finally {
    await db.close();
  }
}

/** Writes beside and renames, so that of several processes at once none finds half an image. */
async function keep(path: string, image: Blob): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomUUID()}`;
  try {
    await writeFile(fresh, image.stream());
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
}

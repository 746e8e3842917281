import { dirname, resolve } from "node:path";

/**
 * A path that the user gave, relative to the folder where they are. npm runs scripts in the folder of the package and tells where it
 * was called in INIT_CWD; elsewhere, and in what a script starts in another folder, it is the process's own.
 */
export function userPath(path: string, env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): string {
  const { INIT_CWD: callersFolder, npm_package_json: packageFile } = env;
  const isScript = callersFolder !== undefined && packageFile !== undefined && dirname(packageFile) === cwd;
  return resolve(isScript ? callersFolder : cwd, path);
}

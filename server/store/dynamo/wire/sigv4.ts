import { Buffer } from "node:buffer";
import { createHmac, createSecretKey, hash, type KeyObject } from "node:crypto";

/** AWS credentials as they sign requests. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Goes with temporary credentials. */
  readonly sessionToken?: string | undefined;
}

export interface SignerOptions {
  readonly region: string;
  readonly service: string;
}

/** A POST of "/". */
export interface Signable {
  /** By lower-case names, `host` among them; all are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** Signs requests: returns the headers with `x-amz-date`, `authorization` and, with temporary credentials, the token. */
export type Sign = (request: Signable, credentials: Credentials, atMs: number) => Record<string, string>;

/**
 * AWS Signature Version 4, as far as DynamoDB needs it (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
 * The signing key holds for a day and is kept; then a signature is two hashes and an HMAC. Synchronous: by Web Crypto each of them
 * would be a task for another thread, which costs Node more than the hash.
 */
export function createSigner({ region, service }: SignerOptions): Sign {
  let kept: { readonly secret: string; readonly day: string; readonly key: KeyObject } | undefined;

  function signingKey(secret: string, day: string): KeyObject {
    if (kept?.day !== day || kept.secret !== secret) {
      let key = Buffer.from(`AWS4${secret}`);
      for (const part of [day, region, service, "aws4_request"]) key = createHmac("sha256", key).update(part).digest();
      // As bytes it would be made a key object again by each HMAC, which takes longer than the rest of the signature.
      kept = { secret, day, key: createSecretKey(key) };
    }
    return kept.key;
  }

  return ({ headers: given, body }, { accessKeyId, secretAccessKey, sessionToken }, atMs) => {
    const time = `${new Date(atMs).toISOString().replace(/[-:]/g, "").slice(0, 15)}Z`;
    const day = time.slice(0, 8);
    const headers: Record<string, string> = { ...given, "x-amz-date": time };
    if (sessionToken !== undefined) headers["x-amz-security-token"] = sessionToken;
    const names = Object.keys(headers).sort();
    const signedHeaders = names.join(";");
    const lines = names.map((name) => `${name}:${headers[name]?.trim().replace(/\s+/g, " ")}\n`).join("");
    const canonical = `POST\n/\n\n${lines}\n${signedHeaders}\n${sha256(body)}`;
    const scope = `${day}/${region}/${service}/aws4_request`;
    const text = `${ALGORITHM}\n${time}\n${scope}\n${sha256(canonical)}`;
    const signature = createHmac("sha256", signingKey(secretAccessKey, day)).update(text).digest("hex");
    headers.authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return headers;
  };
}

const sha256 = (text: string): string => hash("sha256", text, "hex");

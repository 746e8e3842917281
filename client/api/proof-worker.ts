import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { handler } from "altcha-lib/workers/shared";

// Not the library's own worker: that one takes Node's functions.
handler({ deriveKey });

// The second half of a thousand tests at once, in another process.

import { canaries } from "./canary.js";

canaries(500, 1000);

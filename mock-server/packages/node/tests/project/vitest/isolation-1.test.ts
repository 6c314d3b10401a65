// The first half of a thousand tests at once.

import { canaries } from "./canary.js";

canaries(0, 500);
